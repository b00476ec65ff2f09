"""Words in a complaint that are addressed to the program, not to the police: they are hidden from every step.

A complaint is evidence, never an instruction (safeguard 9). Answers are bound by grammars and looked up in the text
already; hiding such words keeps them from bending the model's yes and no, and from opening sections by their numbers.
"""

import re

from msgspec import structs

from afirgen.case.evidence import Span, Transcript
from afirgen.case.sentences import sentences

# A sentence that speaks to a program. Each pattern needs two signs, so that plain speech ("he ignored me") stays.
_TO_A_PROGRAM = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:above|previous|earlier|prior|instructions?|rules?|prompts?|guidelines)\b"
    r"|\b(?:you\s+are|act\s+as|pretend\s+to\s+be)\s+(?:now\s+)?(?:an?\s+|the\s+)?(?:ai|assistant|chat\s?bot|language\s+model|system|program|judge)\b"
    r"|\b(?:new|special|secret|updated|important|system|developer|admin)\s+(?:instructions?|prompt|mode|override|directive|message)\b"
    r"|\b(?:note|message|instruction)s?\s+(?:to|for)\s+(?:the\s+)?(?:ai|assistant|model|system|program|computer|software|machine)\b"
    r"|\b(?:dear|hey|attention)\s+(?:ai|assistant|chat\s?bot|model|computer|software|program)\b"
    r"|\b(?:language\s+model|chat\s?bot|as\s+an\s+ai|llm|gpt)\b"
    r"|\b(?:answer|reply|respond|say|output|print|return|write)\b.{0,30}\b(?:yes|no|json)\b.{0,30}\b(?:every|all|only|each|any|following|format)\b"
    r"|\b(?:answer|reply|respond)\s+(?:only\s+)?(?:with\s+)?[\"'“]?(?:yes|no)\b"
    r"|\b(?:output|print|return|respond\s+with)\b.{0,20}\bjson\b"
    r"|^\s*[\[#*<|]*\s*(?:system|assistant|user|developer|instruction|prompt)\s*[\]#*>|]*\s*:"
    r"|<\|?[^<>\n]{0,20}(?:im_start|im_end|system|assistant|user|inst|endoftext)[^<>\n]{0,20}\|?>|\[/?INST\]"
    r"|(?:ऊपर|पिछल\S*|सभी)\s.{0,30}(?:निर्देश|आदेश).{0,30}(?:अनदेखा|नज़रअंदाज|भूल)"
    r"|\b(?:upar|pichl\w+|saare|sab)\b.{0,40}\b(?:instructions?|nirdesh|baat\w*)\b.{0,20}\b(?:ignore|bhool|chhod|chod)\b"
    r"|(?:மேலே|முந்தைய).{0,30}(?:வழிமுறை|கட்டளை|அறிவுறுத்த).{0,30}(?:புறக்கணி|மற)",
    re.IGNORECASE | re.MULTILINE,
)
_JSON = re.compile(r"[\[{]\s*[{\[\"'].*?[\"']\s*:.*[}\]]", re.DOTALL)
# Not "sec": that is how addresses write a sector.
_LAW = r"(?:sections?|u/s|under\s+section|dhara|धारा|பிரிவு|bns|ipc|i\.p\.c\.?|b\.n\.s\.?|it\s+act|crpc|bnss|pocso)"
_NUMBER = r"\d{1,3}(?:\s?(?-i:[A-Z]{1,2})\b)?(?:\s?\(\d{1,2}\))?(?:\([a-z]\))?"
# A section that the text names: "u/s 307", "FIR for 420", "sections 103, 109 and 111 BNS", "धारा 302".
_SECTIONS = re.compile(
    rf"{_LAW}(?:\s+(?:no\.?|number|of|the|act|{_LAW}))*[\s:.\-]*{_NUMBER}(?:\s*(?:,|/|and|&|or|और|மற்றும்)\s*{_NUMBER})*"
    rf"(?:\s*(?:of\s+(?:the\s+)?)?(?:bns|ipc|i\.p\.c\.?|it\s+act|act)\b)?"
    rf"|\b{_NUMBER}(?:\s*(?:,|/|and|&)\s*{_NUMBER})*\s*(?:of\s+(?:the\s+)?)?(?:bns|ipc|i\.p\.c)\b"
    rf"|\b(?:fir|case|complaint|charge)\s+(?:for|of|in|under)\s+\d{{3}}[A-Z]?\b",
    re.IGNORECASE,
)
HIDDEN = "Words that speak to the program or name sections were not taken into account: {}."
_LONGEST_QUOTE = 80


def hide_orders(transcript: Transcript) -> Transcript:
    """Return ``transcript`` with such words blanked out, at the same length, and a note that quotes them.

    Places in the text returned are places in the whole. The transcript itself is never changed.
    """
    spans = _found(transcript.text)
    if not spans:
        return transcript
    text = transcript.text
    for span in spans:
        text = text[: span.start] + _blank(text[span.start : span.end]) + text[span.end :]
    quotes = "; ".join(f"“{_short(transcript.quote(s))}”" for s in spans)
    return structs.replace(transcript, text=text, notes=(*transcript.notes, HIDDEN.format(quotes)))


def _found(text: str) -> list[Span]:
    """Return the spans to hide in text order, none inside another."""
    spoken = [s for s in sentences(text) if _TO_A_PROGRAM.search(text[s.start : s.end])]
    others = [Span(m.start(), m.end()) for p in (_JSON, _SECTIONS) for m in p.finditer(text)]
    kept: list[Span] = []
    for span in sorted([*spoken, *others], key=lambda s: (s.start, -s.end)):
        if kept and span.start < kept[-1].end:
            kept[-1] = Span(kept[-1].start, max(span.end, kept[-1].end))
        else:
            kept.append(span)
    return kept


def _blank(words: str) -> str:
    """Keep line ends, which part sentences."""
    return re.sub(r"[^\n]", " ", words)


def _short(quote: str) -> str:
    words = " ".join(quote.split())
    return words if len(words) <= _LONGEST_QUOTE else f"{words[:_LONGEST_QUOTE]}..."
