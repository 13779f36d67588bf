from secops.hall.lab import plan


def test_every_service_has_its_own_place_in_an_ordinary_users_ports() -> None:
    """No two services share an address and port, and every port lies above 1024."""
    places = [(each.zone, each.host, each.port) for each in plan.SERVICES]
    assert len(set(places)) == len(places)
    assert all(port > 1024 for port in plan.PORTS.values())
    assert all(1 <= each.host <= plan.HIGHEST for each in plan.SERVICES)


def test_about_sixty_hosts_and_three_that_must_be_left_alone() -> None:
    """The lab has about sixty hosts; the printer's port, the excluded host and the one outside are named as such."""
    assert 55 <= len({(each.zone, each.host) for each in plan.SERVICES}) <= 70
    alone = {(each.zone, each.port) for each in plan.never_to_be_touched()}
    assert alone == {("office", plan.PRINTER), ("data", plan.REDIS), ("outside", plan.WEB)}
