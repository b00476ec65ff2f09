"""The language model's part of the facts: one record of who, where and what, and a check of each accusation."""

from typing import Any

import msgspec
from msgspec import Struct

from afirgen.inference.engine import Priority
from afirgen.inference.llama.request import Generation, Prompt, Scoring
from afirgen.pipeline.model_port import SYSTEM, LanguageModel, shared_prompt

# Asking for all roles side by side makes the model sort people into them; asked for the accused alone it
# also lists victims (measured on the starter model).
_TASK = """Fill this record in the words of the complaint.
date, time: when it happened.
place: the spot where it happened.
wrongdoers: who did it, by name, or in a few words if unknown.
victims: who suffered.
helpers_and_onlookers: others who saw it, helped or told about it."""
_THINGS_TASK = (
    "\nthings_taken_or_lost: each thing or sum taken, lost, damaged or paid, with its value in rupees if said."
)
_PROPERTY_QUESTION = "Was any money or thing stolen, lost, damaged or paid? Answer Yes or No."
_ACCUSED_QUESTION = "Does the complaint accuse {} of doing the wrong? Answer Yes or No."
_ONLOOKER_QUESTION = "Did {} see what happened, or come to help? Answer Yes or No."
_PERSON_QUESTION = "Is {} the name of a person? Answer Yes or No."
# Logit margins read off invented complaints; a named person below the margin is left to the officer.
_PROPERTY_MARGIN = -0.3
_ACCUSATION_MARGIN = 0.3
# For one whom the complaint calls kin of the informant the model's answer must be clearer.
_KIN_ACCUSATION_MARGIN = 2.0
_PERSON_MARGIN = 0.7
_MAX_TOKENS = 330


class Thing(Struct, frozen=True):
    """A thing or sum and the words for its value, both as the model wrote them."""

    thing: str
    rupees: str = ""


class Record(Struct, frozen=True, kw_only=True):
    """What the model read, not yet checked against the complaint."""

    date: str = ""
    time: str = ""
    place: str = ""
    wrongdoers: tuple[str, ...] = ()
    victims: tuple[str, ...] = ()
    helpers_and_onlookers: tuple[str, ...] = ()
    things_taken_or_lost: tuple[Thing, ...] = ()


async def read_record(complaint: str, model: LanguageModel, *, priority: Priority, deadline_s: float | None) -> Record:
    """Ask the model for the record of ``complaint``; an answer cut short gives an empty record."""
    shared = shared_prompt(complaint)
    gate = await model.score(
        Scoring(
            system=SYSTEM,
            shared=shared,
            questions=(_PROPERTY_QUESTION,),
            priority=priority,
            deadline_s=deadline_s,
        )
    )
    with_things = gate.scores[0] > _PROPERTY_MARGIN
    answer = await model.generate(
        Generation(
            prompt=Prompt(system=SYSTEM, shared=shared, task=_TASK + (_THINGS_TASK if with_things else "")),
            max_tokens=_MAX_TOKENS,
            schema=_schema(with_things=with_things),
            priority=priority,
            deadline_s=deadline_s,
        )
    )
    try:
        return msgspec.json.decode(answer.text, type=Record)
    except msgspec.DecodeError:
        return Record()


class Named(Struct, frozen=True):
    """A name to be checked; ``kin`` where the complaint calls that person the informant's kin."""

    name: str
    kin: bool = False


async def confirmed_people(
    complaint: str,
    accused: tuple[Named, ...],
    onlookers: tuple[str, ...],
    model: LanguageModel,
    *,
    priority: Priority,
    deadline_s: float | None,
) -> tuple[frozenset[str], frozenset[str]]:
    """Ask about each name: return those clearly accused, and those of the onlookers that are persons."""
    pairs = (_ACCUSED_QUESTION, _ONLOOKER_QUESTION)
    questions = [q.format(person.name) for person in accused for q in pairs]
    questions += [_PERSON_QUESTION.format(name) for name in onlookers]
    if not questions:
        return frozenset(), frozenset()
    answer = await model.score(
        Scoring(
            system=SYSTEM,
            shared=shared_prompt(complaint),
            questions=tuple(questions),
            priority=priority,
            deadline_s=deadline_s,
        )
    )
    split = len(pairs) * len(accused)
    margins = [a - o for a, o in zip(answer.scores[:split:2], answer.scores[1:split:2], strict=True)]
    guilty = frozenset(
        person.name
        for person, margin in zip(accused, margins, strict=True)
        if margin >= (_KIN_ACCUSATION_MARGIN if person.kin else _ACCUSATION_MARGIN)
    )
    people = zip(onlookers, answer.scores[split:], strict=True)
    return guilty, frozenset(name for name, score in people if score >= _PERSON_MARGIN)


def _schema(*, with_things: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "date": _text(30),
        "time": _text(30),
        "place": _text(100),
        "wrongdoers": _texts(8),
        "victims": _texts(4),
        "helpers_and_onlookers": _texts(5),
    }
    if with_things:
        properties["things_taken_or_lost"] = {
            "type": "array",
            "minItems": 1,
            "maxItems": 6,
            "items": {
                "type": "object",
                "properties": {"thing": _text(70), "rupees": _text(16)},
                "required": ["thing", "rupees"],
                "additionalProperties": False,
            },
        }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _text(longest: int) -> dict[str, Any]:
    return {"type": "string", "maxLength": longest}


def _texts(most: int) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "maxItems": most, "items": _text(60)}
