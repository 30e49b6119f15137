from audiogateway.hello import GRACE_MS, HelloGrace, Verdict


def test_it_is_too_early_to_tell_until_the_grace_is_over() -> None:
    hello = HelloGrace()
    assert hello.verdict(GRACE_MS - 1) is None
    assert hello.verdict(GRACE_MS) is Verdict.GREETED


def test_a_speech_gets_the_whole_grace_from_its_beginning() -> None:
    hello = HelloGrace()
    hello.callee_started(1000)
    assert hello.verdict(1000 + GRACE_MS - 1) is None
    assert hello.verdict(1000 + GRACE_MS) is Verdict.INTERRUPTED
