from audiogateway.phone_menu import MAX_SENDS, PhoneMenu, times_heard

MENU = "For new appointments, press one. If you want to speak to a person, press two."
HEARD_BADLY = "For new appointments, press one. If you wanna speak to a person, press two."


def test_the_same_menu_counts_though_it_was_transcribed_differently() -> None:
    assert times_heard([MENU, "Please hold.", HEARD_BADLY, MENU]) == 3


def test_another_menu_is_not_the_same() -> None:
    assert times_heard([MENU, MENU, "You are caller number five, and the waiting time is two minutes."]) == 1


def test_few_words_are_no_menu() -> None:
    assert times_heard(["Hello?", "Hello?", "Hello?"]) == 0
    assert times_heard([]) == 0


def test_the_last_send_that_is_allowed_is_the_twelfth() -> None:
    menu = PhoneMenu()
    for _ in range(MAX_SENDS):
        assert menu.loop([MENU]) == ""
        menu.note_send()
    assert "12 times" in menu.loop([MENU])


def test_a_menu_that_is_heard_for_the_third_time_is_a_loop() -> None:
    assert PhoneMenu().loop([MENU, MENU]) == ""
    assert "same menu" in PhoneMenu().loop([MENU, MENU, MENU])
