"""AFIRGen drafts a First Information Report from speech, a scan or text, for an officer to review."""

import os

# onnxruntime sends usage data to its maker unless this is set before its first import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"
