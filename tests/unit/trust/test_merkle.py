import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testban.trust import merkle
from testban.trust.checks import Reason, Rejected


def leaves(n):
    return [merkle.leaf_hash(b"%d" % i) for i in range(n)]


def test_roots_equal_the_recursive_definition():
    tree = merkle.Tree()
    assert tree.root() == merkle.EMPTY_ROOT
    for n in range(1, 70):
        assert tree.append(leaves(n)[-1]) == n - 1
        for m in range(n + 1):
            assert tree.root(m) == merkle.root_of(leaves(m))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 90), max_size=8))
def test_many_leaves_at_once_give_the_tree_of_one_by_one(steps):
    one, many, total = merkle.Tree(), merkle.Tree(), 0
    for n in steps:
        new = leaves(total + n)[total:]
        assert many.extend(new) == total
        for leaf in new:
            one.append(leaf)
        total += n
        assert many.levels == one.levels
    assert many.root() == merkle.root_of(leaves(total))


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 300), st.data())
def test_proofs_verify_and_others_do_not(size, data):
    tree = merkle.Tree(leaves(size))
    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion(index)
    older = data.draw(st.integers(index + 1, size))
    assert tree.inclusion(index, older) == merkle.inclusion(tree.node, index, older)
    merkle.verify_inclusion(index, size, leaves(size)[index], proof, tree.root())
    old = data.draw(st.integers(1, size))
    way = tree.consistency(old)
    merkle.verify_consistency(old, size, way, tree.root(old), tree.root())
    if proof:
        wrong = [bytes(32), *proof[1:]]
        with pytest.raises(Rejected) as caught:
            merkle.verify_inclusion(index, size, leaves(size)[index], wrong, tree.root())
        assert caught.value.reason is Reason.ROOT
        with pytest.raises(Rejected) as caught:
            merkle.verify_inclusion(index, size, leaves(size)[index], proof[1:], tree.root())
        assert caught.value.reason is Reason.PROOF_LENGTH
    if way:
        with pytest.raises(Rejected):
            merkle.verify_consistency(old, size, way[:-1], tree.root(old), tree.root())
        with pytest.raises(Rejected):
            merkle.verify_consistency(old, size, [*way[:-1], bytes(32)], tree.root(old), tree.root())


def test_index_out_of_range():
    tree = merkle.Tree(leaves(5))
    for index, size in ((5, 5), (-1, 5), (0, 0)):
        with pytest.raises(Rejected) as caught:
            merkle.verify_inclusion(index, size, leaves(1)[0], [], tree.root())
        assert caught.value.reason is Reason.INDEX
