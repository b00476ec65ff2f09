"""Make the spoken and the scanned sample from their texts.

Needs the command ``espeak-ng``; run as ``python scripts/make_samples.py``.
"""

import subprocess
import tempfile
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SAMPLES = Path(__file__).parent.parent / "samples"
FONT = Path(__file__).parent.parent / "afirgen" / "render" / "fonts" / "NotoSans-Regular.ttf"
SPOKEN = """My name is Sunita Mathew, daughter of Joseph Mathew. I live at Green Park, Fort Road.
On 3rd April 2025, at about 8 in the morning, I was walking to the market.
Two men came on a black motorcycle. The man sitting behind pulled my gold chain from my neck and they rode away very fast.
I fell down, but I was not hurt. I could not see the number of the motorcycle.
The chain is worth about 60 thousand rupees. A flower seller named Kamala saw it.
I do not know these two men. Please find my chain."""
PRINTED = """To
The Station House Officer
Cyber Police Station, Rampur

Subject: Money taken from my bank account by cheating

Sir, I am Deepak Bansal son of Mohan Bansal, aged 52, resident of
House No. 8, Nehru Colony, Rampur. I keep a cloth shop.

On 06.05.2025 at 11.40 am I got a call from 7012345698. The caller said
that he is Amit Saxena from the bank and that my card will be closed
today. He sent a link and told me to fill my card number and the code
that came on my phone. I believed him and filled it. After two minutes
Rs 38,500 was taken from my account. Then the phone was switched off.
I never gave leave for this payment. The bank told me that no officer
of that name works there.

I called 1930 on the same day. I request you to find this person and
get my money back.

Phone 9412098765
Deepak Bansal"""
A4_PIXELS = (1240, 1754)


def make_speech(path: Path) -> None:
    """Speak the text and keep it as Opus in Ogg, mono."""
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "speech.wav"
        subprocess.run(["espeak-ng", "-v", "en-gb", "-s", "135", "-w", str(wav), SPOKEN], check=True)  # noqa: S607
        with av.open(str(wav)) as source, av.open(str(path), "w", format="ogg") as target:
            stream = target.add_stream("libopus", rate=48000, layout="mono")
            stream.bit_rate = 24000
            resampler = av.AudioResampler(format="s16", layout="mono", rate=48000)
            for frame in source.decode(audio=0):
                for piece in resampler.resample(frame):
                    target.mux(stream.encode(piece))
            target.mux(stream.encode(None))


def make_page(path: Path) -> None:
    """Print the text on a page and make it look scanned: grey paper, slight turn, noise and blur."""
    page = Image.new("L", A4_PIXELS, 244)
    ImageDraw.Draw(page).multiline_text(
        (130, 150), PRINTED, font=ImageFont.truetype(str(FONT), 30), fill=35, spacing=14
    )
    page = page.rotate(0.4, fillcolor=244, resample=Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(0.6))
    noise = np.random.default_rng(7).normal(0, 3, (A4_PIXELS[1], A4_PIXELS[0]))
    pixels = np.clip(np.asarray(page, dtype=np.float64) + noise, 0, 255).astype(np.uint8)
    # Sixteen greys keep the file small and the print legible.
    Image.fromarray(pixels // 16 * 16).quantize(16).save(path, optimize=True)


if __name__ == "__main__":
    make_speech(SAMPLES / "spoken-snatching.ogg")
    make_page(SAMPLES / "scanned-fraud.png")
