import pytest

from afirgen.case.languages import LANGUAGES, language_of, script_counts, script_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("My mobile phone was stolen from the bus stand.", "en"),
        ("मेरा मोबाइल चोरी हो गया", "hi"),
        ("Kal raat ko do aadmi aaye aur mera mobile chheen kar bhag gaye", "hi-Latn"),
        ("Sir mera naam Ramesh hai, maine Rs. 5000 diye the lekin usne saman nahi diya", "hi-Latn"),
        ("Ramesh Kumar Yadav, Gandhi Nagar, Nagpur, mobile 9876543210", "en"),
        ("The accused said 'jaan se maar dunga' and ran away from the shop with my bag", "en"),
        ("என் கைபேசி திருடப்பட்டது", "ta"),
        ("నా ఫోన్ దొంగిలించబడింది", "te"),
        ("আমার ফোন চুরি হয়েছে", "bn"),
        ("ನನ್ನ ಫೋನ್ ಕಳುವಾಗಿದೆ", "kn"),
        ("મારો ફોન ચોરાઈ ગયો", "gu"),
        ("ਮੇਰਾ ਫ਼ੋਨ ਚੋਰੀ ਹੋ ਗਿਆ", "pa"),
        ("എന്റെ ഫോൺ മോഷണം പോയി", "ml"),
        ("ମୋ ଫୋନ ଚୋରି ହୋଇଗଲା", "or"),
        ("میرا فون چوری ہو گیا", "ur"),
        ("12345 -- 67", "en"),
    ],
)
def test_language_by_script_and_small_words(text: str, language: str) -> None:
    assert language_of(text) == language
    assert language in LANGUAGES


def test_most_letters_decide() -> None:
    assert language_of("मेरा Samsung mobile फोन चोरी हो गया है और पुलिस स्टेशन") == "hi"
    assert script_counts("अ a b 1 .") == {"Deva": 1, "Latn": 2}


def test_digits_and_other_scripts_have_no_script() -> None:
    assert script_of("९") is None
    assert script_of("漢") is None
    assert script_of("ि") == "Deva"
