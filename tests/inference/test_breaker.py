from afirgen.inference.breaker import BreakerState, CircuitBreaker, standard_breakers


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_opens_after_failures_in_a_row_and_closes_after_a_good_trial() -> None:
    clock = Clock()
    breaker = CircuitBreaker("model_server", threshold=3, rest_s=30, clock=clock)
    for _ in range(2):
        breaker.failed()
    assert breaker.allow()
    breaker.failed()
    assert breaker.status().state is BreakerState.OPEN
    assert not breaker.allow()
    clock.now = 30
    assert breaker.state is BreakerState.HALF_OPEN
    assert breaker.allow()
    assert not breaker.allow(), "one trial at a time"
    breaker.succeeded()
    assert breaker.state is BreakerState.CLOSED
    assert breaker.status().failures == 0


def test_a_failed_trial_opens_it_again() -> None:
    clock = Clock()
    breaker = CircuitBreaker("database", threshold=1, rest_s=10, clock=clock)
    breaker.failed()
    clock.now = 10
    assert breaker.allow()
    breaker.failed()
    assert breaker.state is BreakerState.OPEN
    clock.now = 19
    assert not breaker.allow()
    clock.now = 20
    assert breaker.allow()


def test_a_trial_that_never_reports_does_not_keep_it_shut() -> None:
    clock = Clock()
    breaker = CircuitBreaker("database", threshold=1, rest_s=10, clock=clock)
    breaker.failed()
    clock.now = 10
    assert breaker.allow()
    clock.now = 20
    assert breaker.allow()


def test_success_forgets_earlier_failures() -> None:
    breaker = CircuitBreaker("database", threshold=2)
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.state is BreakerState.CLOSED


def test_reset_closes() -> None:
    breaker = CircuitBreaker("asr_ocr_server", threshold=1)
    breaker.failed()
    breaker.reset()
    assert breaker.allow()
    assert breaker.status().failures == 0


def test_the_names_of_the_rest_api() -> None:
    assert list(standard_breakers()) == ["model_server", "asr_ocr_server", "database"]
