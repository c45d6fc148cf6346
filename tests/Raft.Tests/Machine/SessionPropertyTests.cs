using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Machine;

/// <summary>Random histories of sessions against the plain model: every answer, every command run, every byte of a snapshot.</summary>
[Parallelizable] // It computes, alone, on one core.
internal sealed class SessionPropertyTests
{
    private const int Entries = 1_500;

    private static readonly Dictionary<Refusal, int> Seen = [];

    [Test]
    public void Random_histories_are_answered_as_the_model_answers_them_whatever_the_runs()
    {
        Seen.Clear();
        for (var seed = 1UL; seed <= 150; seed++)
            Run(seed);
        Refusal[] mustHappen =
        [
            Refusal.None, Refusal.SessionExpired, Refusal.SessionStale, Refusal.SessionWindowFull, Refusal.SessionTableFull, Refusal.SessionMalformed, Refusal.ReplyNotKept,
        ];
        Assert.That(mustHappen.Where(static refusal => Seen.GetValueOrDefault(refusal) < 20), Is.Empty, "these hardly happened");
    }

    private static SessionLimits Limits(SimRandom random) => new()
    {
        MaxSessions = random.Between(1, 5),
        Window = random.Chance(0.5) ? random.Between(1, 6) : 1024,
        MaxSessionBytes = random.Chance(0.5) ? random.Between(64, 600) : 1_000_000,
        MaxTotalBytes = random.Chance(0.3) ? random.Between(600, 2500) : 1_000_000,
        MaxReplyBytes = random.Chance(0.5) ? random.Between(1, 90) : 64 * 1024,
        EvictAfterIdle = 1_000_000L * random.Between(0, 20),
    };

    private static void Run(ulong seed)
    {
        var random = new SimRandom(seed);
        var limits = Limits(random);
        var model = new SessionModel(limits);
        var (one, many) = (new SessionBench(limits), new SessionBench(limits));
        var (expected, actual) = (new List<Answer>(), new List<Answer>());
        var opened = new List<SessionId>();
        var ran = 0;
        var time = 0L;
        var term = 1L;
        for (var index = 1L; index <= Entries; index++)
        {
            time += random.Chance(0.5) ? 0 : random.Between(0, random.Chance(0.05) ? 20_000_000 : 1_000_000);
            term += random.Chance(0.01) ? 1 : 0;
            var position = LogBench.At(index, term);
            var (kind, payload) = Entry(random, index, opened);
            var answer = model.Apply(kind, position, time, payload);
            one.Add(kind, position, time, payload);
            var alone = one.Flush();
            many.Add(kind, position, time, payload);
            if (kind == EntryKind.SnapshotPoint)
            {
                actual.AddRange(many.Flush());
                AssertSame(expected, actual, seed);
                Assert.That(one.State.Hash, Is.EqualTo(many.State.Hash), $"seed {seed}, index {index}");
                var snapshot = many.Snapshot();
                Assert.That(one.Snapshot(), Is.EqualTo(snapshot), $"seed {seed}, index {index}");
                Assert.That((many.Table.Count, many.Table.Counters.Open.Value), Is.EqualTo((model.Count, (long)model.Count)));
                Assert.That(many.Machine.Ran, Is.EqualTo(model.Ran.Skip(ran)), $"seed {seed}, index {index}");

                // A replica that restored it goes on as if it had been there from the start, and takes the same snapshot.
                many = new(limits);
                many.Restore(snapshot, random);
                ran = model.Ran.Count;
                Assert.That((many.State.Hash, many.Table.Charge), Is.EqualTo((one.State.Hash, one.Table.Charge)), $"seed {seed}, index {index}");
                Assert.That(many.Snapshot(), Is.EqualTo(snapshot));
                continue;
            }

            expected.Add(answer);
            Seen[answer.Refusal] = Seen.GetValueOrDefault(answer.Refusal) + 1;
            AssertSame([answer], alone, seed);
            if (many.Waiting == EntryRun.MaxCommands || random.Chance(0.05))
                actual.AddRange(many.Flush());
            Assert.That(one.Table.Charge, Is.LessThanOrEqualTo(limits.MaxTotalBytes + ((long)limits.MaxSessions * (SessionLimits.SessionOverhead + limits.MaxCharge))));
        }
    }

    private static (EntryKind Kind, byte[] Payload) Entry(SimRandom random, long index, List<SessionId> opened)
    {
        var choice = random.NextUnit();
        if (choice < 0.1)
            return (EntryKind.Command, ChainMachine.Command(index, random.Below(30)));
        if (choice < 0.13)
            return (EntryKind.SnapshotPoint, []);
        if (choice < 0.17)
        {
            opened.Add(new(index));
            return (EntryKind.Session, SessionEntry.Open(TimeSpan.FromMilliseconds(random.Between(1, 40))));
        }

        var session = opened.Count == 0 || random.Chance(0.05) ? new SessionId(index) : opened[Math.Max(0, opened.Count - 1 - random.Below(6))];
        if (choice < 0.18)
            return (EntryKind.Session, SessionEntry.Close(session));
        var sequence = random.Between(1, 12);
        var command = SessionEntry.Command(new(session, sequence, random.Below(sequence) * (random.Chance(0.2) ? 1 : 0), ChainMachine.Command(index, random.Below(100))));
        if (choice < 0.2)
            command[random.Below(16)] ^= (byte)random.Between(1, 255);
        return (EntryKind.Session, choice < 0.21 ? command[..random.Below(SessionEntry.CommandHeaderSize)] : command);
    }

    private static void AssertSame(List<Answer> expected, List<Answer> actual, ulong seed)
    {
        Assert.That(actual.ConvertAll(Text), Is.EqualTo(expected.ConvertAll(Text)), $"seed {seed}");
        expected.Clear();
        actual.Clear();
    }

    private static string Text(Answer answer) => $"{answer.Outcome} {answer.Refusal} {answer.Position} {Convert.ToHexString(answer.Reply.Span)}";
}
