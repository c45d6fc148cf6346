using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Tests.Wire;

public sealed class ReceiveBudgetTests
{
    private const int Megabyte = 1024 * 1024;

    [Test]
    public void Entries_of_many_peers_leave_room_for_a_heartbeat()
    {
        var budget = new ReceiveBudget();
        var peer = 1;
        while (budget.TryBegin(new(peer), Lane.Bulk, Megabyte))
            peer++;
        Assert.That(budget.Bytes, Is.EqualTo(56L * Megabyte));
        Assert.That(budget.TryBegin(new(99), Lane.Snapshot, Megabyte), Is.False);
        Assert.That(budget.TryBegin(new(99), Lane.Control, Megabyte), Is.True);
    }

    [Test]
    public void A_flood_of_tiny_frames_leaves_room_for_a_heartbeat()
    {
        var budget = new ReceiveBudget();
        for (var count = 0; count < ReceiveBudget.MaxFrames / 2; count++)
            Assert.That(budget.TryBegin(new(1), Lane.Bulk, 4), Is.True);
        Assert.That(budget.TryBegin(new(1), Lane.Bulk, 4), Is.False, "one peer has half of it at the most");
        Assert.That(budget.TryBegin(new(1), Lane.Control, 4), Is.False);
        while (budget.TryBegin(new(2), Lane.Bulk, 4))
            Assert.That(budget.Frames, Is.LessThanOrEqualTo(ReceiveBudget.MaxFrames));
        Assert.That(budget.TryBegin(new(3), Lane.Bulk, 4), Is.False);
        Assert.That(budget.TryBegin(new(3), Lane.Control, 4), Is.True);
    }

    [Test]
    public void One_peer_holds_half_of_the_bytes_at_the_most()
    {
        var budget = new ReceiveBudget();
        Assert.That(budget.TryBegin(new(1), Lane.Bulk, 20 * Megabyte), Is.True);
        Assert.That(budget.TryGrow(new(1), Lane.Bulk, 12 * Megabyte), Is.True);
        Assert.That(budget.TryGrow(new(1), Lane.Bulk, 1), Is.False);
        Assert.That(budget.TryBegin(new(2), Lane.Bulk, 16 * Megabyte), Is.True, "the other peer has room");
        budget.Return(new(1), 32 * Megabyte);
        Assert.That(budget.TryBegin(new(1), Lane.Bulk, 16 * Megabyte), Is.True, "what was returned can be taken again");
        Assert.That((budget.Bytes, budget.Frames), Is.EqualTo((32L * Megabyte, 2)));
    }

    [Test]
    public void Returning_what_was_never_taken_is_a_bug_that_stops_the_replica()
    {
        var budget = new ReceiveBudget();
        Assert.That(budget.TryBegin(new(1), Lane.Bulk, 10), Is.True);
        Assert.Throws<InvariantException>(() => budget.Return(new(1), 11));
    }
}
