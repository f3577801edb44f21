from shape import differences


def test_equal_shapes_differ_in_nothing():
    assert differences({"a": [1, 2.5], "b": None}, {"a": [3, 4], "b": None}) \
        == []


def test_a_missing_name_and_a_wrong_type_are_both_named():
    assert differences({"a": "1"}, {"a": 1, "b": {}}) == [
        "$.b: missing", "$.a: string where number was"]


def test_a_boolean_is_no_number():
    assert differences(True, 1) == ["$: boolean where number was"]


def test_rows_of_another_count_are_compared_one_by_one():
    assert differences([["a", 1], ["b", 2], ["c", 3]], [["x", 1.5]]) == []
    assert differences([["a", 1], ["b", "2"]], [["x", 1.5]] * 3) == [
        "$[1][1]: string where number was"]


def test_an_empty_list_where_there_were_rows_is_found():
    assert differences([], [1]) == ["$: empty where 1 were"]


def test_null_is_allowed_only_where_said():
    assert differences({"f_end": None}, {"f_end": 1}, nullable=("f_end",)) \
        == []
    assert differences({"f_end": None}, {"f_end": 1}) != []
