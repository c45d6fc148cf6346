using System.Buffers;
using RaftStream.Raft.Tests.Log;
using RaftStream.Raft.Wire;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Simulating;

/// <summary>What clients are told is held against what was applied: each lie is seen, and what nobody told is taken from the log.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class CounterEffectsTests
{
    private readonly HistoryRecorder _history = new();
    private readonly CounterEffects _effects;

    public CounterEffectsTests() => _effects = new("#0", _history);

    [Test]
    public void An_add_answered_as_applied_that_no_replica_applied_is_seen()
    {
        _effects.Invoke(0, 70);
        AssertBroken("AppliedIsCommitted", () => _effects.Answered(70, Reply(5, 70)));
    }

    [TestCase(6, 70)]
    [TestCase(5, 71)]
    public void An_answer_that_is_another_entrys_is_seen(long index, long value)
    {
        _effects.Invoke(0, 70);
        _effects.Applied(LogBench.At(5, 1), 70);
        AssertBroken("OwnReply", () => _effects.Answered(70, Reply(index, value)));
    }

    [Test]
    public void An_add_that_is_applied_twice_or_that_nobody_sent_is_seen()
    {
        _effects.Invoke(0, 70);
        _effects.Applied(LogBench.At(5, 1), 70);
        AssertBroken("AppliedOnce", () => _effects.Applied(LogBench.At(6, 1), 70));
        AssertBroken("AppliedOnce", () => _effects.Applied(LogBench.At(6, 1), 71));
        AssertBroken("AppliedOnce", () => _effects.EndAll(71));
    }

    [Test]
    public void An_add_that_is_refused_for_sure_and_applied_is_seen_in_either_order()
    {
        _effects.Invoke(0, 70);
        _effects.Invoke(1, 71);
        _effects.Applied(LogBench.At(5, 1), 70);
        AssertBroken("RejectedIsNever", () => _effects.Answered(70, Without(Outcome.Rejected)));
        _effects.Answered(71, Without(Outcome.Rejected));
        AssertBroken("RejectedIsNever", () => _effects.Applied(LogBench.At(6, 1), 71));
    }

    [Test]
    public void An_unknown_add_takes_effect_when_its_entry_is_applied_and_never_if_it_is_not()
    {
        _effects.Invoke(0, 70);
        _effects.Invoke(1, 71);
        _effects.Answered(70, Without(Outcome.Unknown));
        _effects.GiveUp(71);
        _effects.Applied(LogBench.At(5, 1), 70);
        _effects.EndAll(70);
        var operations = _history.ToHistory().Operations;
        Assert.That(operations, Has.Count.EqualTo(1));
        Assert.That((operations[0].IsOpen, operations[0].Result), Is.EqualTo((false, (HistoryValue?)70)));
    }

    [Test]
    public void A_counter_has_ten_clients_at_a_time_and_one_that_waits_too_long_gives_its_place_up()
    {
        var time = new VirtualTime();
        var clients = new CounterClients(time);
        var given = 0;
        for (var i = 0; i < CounterClients.Max; i++)
            clients.Take()!.Begin(() => given++);
        Assert.That(clients.Take(), Is.Null);
        time.Nanoseconds = 2_000_000_000;
        Assert.That((clients.Take()?.Process, given), Is.EqualTo(((long?)10, 1)), "a new number: what the old one asked for may yet be done");
    }

    private static Answer Without(Outcome outcome) => new(outcome, default, default, default);

    private static Answer Reply(long index, long value)
    {
        var bytes = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(bytes);
        writer.WriteArrayHeader(4);
        writer.Write(0);
        writer.Write(value);
        writer.Write(true);
        writer.Write(true);
        return new(Outcome.Applied, default, LogBench.At(index, 1), bytes.WrittenMemory);
    }

    private static void AssertBroken(string invariant, Action act) =>
        Assert.That(() => act(), Throws.TypeOf<ViolationException>().With.Property(nameof(ViolationException.Invariant)).EqualTo(invariant));
}
