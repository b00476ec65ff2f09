"""Invented complaints of about 150 words: alike in length and language, different in every fact that matters."""

_MEN = ("Anil Rawat", "Suresh Naik", "Imran Shaikh", "George Mathew", "Pawan Yadav")
_MEN += ("Ravi Teja", "Harpreet Gill", "Bikash Das", "Manoj Jha", "Selvam K")
_PLACES = ("Nehru Chowk", "the old bus stand", "Gandhi Market", "the railway gate", "Station Road")
_THINGS = (
    "a black Hero Splendor motorcycle",
    "my Samsung phone",
    "a gold chain of two tolas",
    "my laptop bag",
    "Rs 40,000 in cash",
)


def complaints(count: int) -> list[str]:
    """Return ``count`` complaints; no two begin alike, so that nothing of one can serve for another."""
    return [_complaint(n) for n in range(count)]


def _complaint(n: int) -> str:
    man, place, thing = _MEN[n % len(_MEN)], _PLACES[n % len(_PLACES)], _THINGS[(n // 2) % len(_THINGS)]
    day, mobile = f"{1 + n % 27:02d}.03.2025", 9_812_300_000 + 37 * n
    return (
        f"I, {man}, aged {24 + n} years, live at house number {10 + n}, near {place}, and work in a shop. My mobile number "
        f"is {mobile}. On {day} at about 8.{10 + n:02d} pm I closed the shop and was walking home. I had {thing} with me. "
        f"Near {place} two young men came from behind on a motorcycle without a number plate. The one who sat behind "
        "pushed me to the ground, showed a knife and told me to keep quiet, or he would cut me. He took what I had from "
        "me and both of them went away towards the highway. My left knee was hurt when I fell, and I went to the "
        f"government hospital, where it was dressed. The loss is about Rs {20_000 + 1_500 * n}. One of them was thin and "
        "wore a blue shirt; I did not see the face of the other one. The owner of the tea stall saw them run away. I can "
        "know the one in the blue shirt if I see him. I ask you to register my complaint and to find them."
    )
