"""PaddleOCR on onnxruntime from two local ONNX files: no downloads, no paddlepaddle, no system libraries."""

import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import Distribution, DistributionFinder, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import yaml  # type: ignore[import-untyped]
from msgspec import Struct
from numpy.typing import NDArray

from afirgen.errors import ModelFileError

_OPENCV = "opencv-contrib-python"
_OPENCV_HEADLESS = "opencv-contrib-python-headless"
_OLD_NAME = re.compile(r"^(?P<family>.+)_(?P<task>det|rec)_(?P<size>[a-z]+)$")
_DET_SIDE = 960


class TextBox(Struct, frozen=True):
    """One piece of text on a page image: pixels, the text as the model read it, and its confidence 0..1."""

    left: int
    top: int
    right: int
    bottom: int
    text: str
    confidence: float

    @property
    def width(self) -> int:
        """Width in pixels, at least 1."""
        return max(1, self.right - self.left)

    @property
    def height(self) -> int:
        """Height in pixels, at least 1."""
        return max(1, self.bottom - self.top)


class PageReader(Protocol):
    """A loaded detector and recogniser."""

    def read(self, image: NDArray[np.uint8]) -> list[TextBox]:
        """Return the pieces of text of an RGB image of shape height x width x 3."""


class _PaddleReader:
    """:class:`PageReader` over a PaddleOCR pipeline."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline

    def read(self, image: NDArray[np.uint8]) -> list[TextBox]:
        result = self._pipeline.predict(np.ascontiguousarray(image[:, :, ::-1]))[0]
        boxes: list[TextBox] = []
        for box, text, score in zip(result["rec_boxes"], result["rec_texts"], result["rec_scores"], strict=True):
            left, top, right, bottom = (int(edge) for edge in box)
            boxes.append(TextBox(left, top, right, bottom, str(text), float(score)))
        return boxes


class _HeadlessOpenCv(DistributionFinder):
    """Answers for OpenCV's full package with the headless build of the same code.

    PaddleX looks for the full package by name, but that one needs a graphics library which servers lack.
    """

    def find_spec(self, *_: object, **__: object) -> None:
        """Leave every import to the other finders."""

    def find_distributions(self, context: DistributionFinder.Context | None = None) -> Iterator[Distribution]:
        """Yield the headless distribution when the full one is asked for by name."""
        if context is not None and context.name == _OPENCV:
            yield distribution(_OPENCV_HEADLESS)


# After a crash the folders of a process that is gone are found by its number and removed.
_FOLDERS = f"afirgen-tmp-{os.getpid()}-"


def load_reader(model_dir: Path, *, model_id: str, threads: int) -> PageReader:
    """Load the detector (``*det*.onnx``) and recogniser (``*rec*.onnx``) of ``model_dir``.

    Raises:
        ModelFileError: A file is missing, or the recogniser does not carry its characters.
    """
    detector = _only(model_dir, "det", model_id)
    recogniser = _only(model_dir, "rec", model_id)
    characters = _characters(recogniser, model_id)
    pipeline_class = _import_paddleocr()
    with tempfile.TemporaryDirectory(prefix=_FOLDERS) as work:
        detector_dir = _model_folder(Path(work), detector, _DETECTION)
        recogniser_dir = _model_folder(Path(work), recogniser, _recognition(characters))
        pipeline = pipeline_class(
            text_detection_model_name=detector_dir.name,
            text_detection_model_dir=str(detector_dir),
            text_recognition_model_name=recogniser_dir.name,
            text_recognition_model_dir=str(recogniser_dir),
            # Larger batches are no faster on a CPU and take hundreds of megabytes for the character scores.
            text_recognition_batch_size=1,
            text_det_limit_side_len=_DET_SIDE,
            text_det_limit_type="max",
            use_doc_orientation_classify=False,
            use_doc_unwarping=False,
            use_textline_orientation=False,
            device="cpu",
            engine="onnxruntime",
            engine_config={
                "providers": ["CPUExecutionProvider"],
                "intra_op_num_threads": threads,
                "enable_cpu_mem_arena": False,
                "log_severity_level": 3,
            },
        )
    return _PaddleReader(pipeline)


_DETECTION: dict[str, Any] = {
    "PreProcess": {
        "transform_ops": [
            {"DetResizeForTest": {"resize_long": _DET_SIDE}},
            {
                "NormalizeImage": {
                    "mean": [0.485, 0.456, 0.406],
                    "std": [0.229, 0.224, 0.225],
                    "scale": "1./255.",
                    "order": "hwc",
                }
            },
            {"ToCHWImage": None},
        ]
    },
    "PostProcess": {
        "name": "DBPostProcess",
        "thresh": 0.3,
        "box_thresh": 0.6,
        "max_candidates": 1000,
        "unclip_ratio": 1.5,
    },
}


def _recognition(characters: list[str]) -> dict[str, Any]:
    return {
        "PreProcess": {"transform_ops": [{"RecResizeImg": {"image_shape": [3, 48, 320]}}]},
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": characters},
    }


def _only(model_dir: Path, task: str, model_id: str) -> Path:
    found = sorted(model_dir.glob(f"*{task}*.onnx"))
    if len(found) != 1:
        raise ModelFileError(
            f"The page reading model {model_id} is not complete. Run `afirgen models pull`.",
            detail=f"{len(found)} files *{task}*.onnx",
        )
    return found[0]


def _characters(recogniser: Path, model_id: str) -> list[str]:
    session = onnxruntime.InferenceSession(str(recogniser), providers=["CPUExecutionProvider"])
    listed = session.get_modelmeta().custom_metadata_map.get("character", "")
    if not listed:
        raise ModelFileError(
            f"The page reading model {model_id} is damaged. Run `afirgen models verify`.",
            detail="no character list in the metadata",
        )
    return str(listed).split("\n")


def _model_folder(work: Path, model: Path, config: dict[str, Any]) -> Path:
    """Lay out one ONNX file the way PaddleX expects a model."""
    old = _OLD_NAME.match(model.stem)
    name = f"{old['family']}_{old['size']}_{old['task']}" if old else model.stem
    folder = work / name
    folder.mkdir()
    (folder / "inference.onnx").symlink_to(model.resolve())
    text = yaml.safe_dump({"Global": {"model_name": name}, **config}, allow_unicode=True)
    (folder / "inference.yml").write_text(text, encoding="utf-8")
    return folder


_cache: tempfile.TemporaryDirectory[str] | None = None


def _import_paddleocr() -> Any:
    """Import PaddleOCR with downloads off, its cache away from the home folder and its chatter silenced."""
    global _cache  # noqa: PLW0603 - the library reads the folder at import and keeps it for the process
    if _cache is None:
        _cache = tempfile.TemporaryDirectory(prefix=_FOLDERS)
        os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"
        os.environ["PADDLE_PDX_CACHE_HOME"] = _cache.name
        try:
            distribution(_OPENCV)
        except PackageNotFoundError:
            sys.meta_path.append(_HeadlessOpenCv())
    from paddleocr import PaddleOCR  # type: ignore[import-untyped] # noqa: PLC0415 - only after the lines above

    logging.getLogger("paddlex").setLevel(logging.ERROR)
    return PaddleOCR
