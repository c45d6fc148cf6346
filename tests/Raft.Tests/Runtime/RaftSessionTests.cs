using System.Buffers.Binary;
using RaftStream.Raft.Tests.Log;
using RaftStream.Raft.Tests.Machine;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Runtime;

internal sealed class RaftSessionTests
{
    private static readonly RaftSessionOptions Quick = new() { RetryAfter = TimeSpan.Zero, MaxInFlight = 8 };

    [Test]
    public async Task Through_lost_late_and_repeated_attempts_every_command_is_applied_once()
    {
        var cluster = new ShakyCluster(new SimRandom(5)) { Trouble = 0.6 };
        var (session, _) = await RaftSession.OpenAsync(cluster.ProposeAsync, Quick);
        using (session)
        {
            var answers = await Task.WhenAll(Enumerable.Range(1, 400).Select(number => session!.ProposeAsync(ChainMachine.Command(number, 4)).AsTask()));
            Assert.That(answers.Select(static answer => answer.Outcome), Is.All.EqualTo(Outcome.Applied));
            Assert.That(answers.Select(static (answer, place) => answer.Reply.Span.SequenceEqual(ChainMachine.ReplyTo(ChainMachine.Command(place + 1, 4)))), Is.All.True);
            Assert.That((await session!.CloseAsync()).Outcome, Is.EqualTo(Outcome.Applied).Or.EqualTo(Outcome.Unknown));
        }

        cluster.DeliverLate();
        Assert.That(cluster.Ran.Order(), Is.EqualTo(Enumerable.Range(1, 400).Select(static number => (long)number)));
        Assert.That(cluster.WidestSpan, Is.InRange(2, Quick.MaxInFlight), "no sequence runs ahead of the acknowledged ones by more than the window");
    }

    [TestCase(true, Outcome.Unknown)]
    [TestCase(false, Outcome.Rejected)]
    public async Task Expired_means_surely_not_done_only_if_no_earlier_attempt_is_in_doubt(bool isInDoubt, Outcome expected)
    {
        var asked = 0;
        var (session, _) = await RaftSession.OpenAsync(
            (_, _) => ValueTask.FromResult<Answer>(asked++ switch
            {
                0 => new(Outcome.Applied, Refusal.None, LogBench.At(1, 1), default),
                1 => new(isInDoubt ? Outcome.Unknown : Outcome.Rejected, Refusal.LostLeadership, default, default),
                _ => new(Outcome.Rejected, Refusal.SessionExpired, default, default),
            }),
            Quick);
        using (session)
        {
            var answer = await session!.ProposeAsync(default);
            Assert.That((answer.Outcome, answer.Refusal, asked), Is.EqualTo((expected, Refusal.SessionExpired, 3)));
        }
    }

    [TestCase(Outcome.Unknown)]
    [TestCase(Outcome.Rejected)]
    public async Task A_caller_that_gives_up_is_told_what_is_certain(Outcome attempts)
    {
        using var patience = new CancellationTokenSource();
        var asked = 0;
        var (session, _) = await RaftSession.OpenAsync(
            (_, _) =>
            {
                if (asked++ == 0)
                    return ValueTask.FromResult(new Answer(Outcome.Applied, Refusal.None, LogBench.At(1, 1), default));
                if (asked == 5)
                    patience.Cancel();
                return ValueTask.FromResult(new Answer(attempts, Refusal.NotLeader, default, default));
            },
            Quick);
        using (session)
            Assert.That((await session!.ProposeAsync(default, patience.Token)).Outcome, Is.EqualTo(attempts));
    }

    [Test]
    public async Task Where_nobody_leads_no_session_is_opened_and_the_answer_says_why()
    {
        var (session, answer) = await RaftSession.OpenAsync(
            static (_, _) => ValueTask.FromResult(new Answer(Outcome.Rejected, Refusal.NotLeader, default, default)), Quick with { Patience = TimeSpan.FromMilliseconds(20) });
        Assert.That((session, answer.Outcome, answer.Refusal), Is.EqualTo(((RaftSession?)null, Outcome.Rejected, Refusal.NotLeader)));
    }

    [Test]
    public void Options_out_of_range_are_refused()
    {
        RaftSessionOptions[] wrong =
        [
            new() { IdleTimeout = TimeSpan.Zero }, new() { IdleTimeout = TimeSpan.FromDays(31) }, new() { MaxInFlight = 0 }, new() { MaxInFlight = 1025 },
            new() { Patience = TimeSpan.Zero }, new() { RetryAfter = TimeSpan.FromMinutes(1) },
        ];
        Assert.That(wrong.Select(static options => Assert.Throws<ArgumentException>(options.Check)!.Message), Is.All.EndsWith("."));
    }

    /// <summary>One replica behind a bad network: attempts are refused, lost, answered with nothing, or arrive much later.</summary>
    private sealed class ShakyCluster(SimRandom random)
    {
        private readonly SessionBench _bench = new(SessionLimits.Default);
        private readonly List<byte[]> _late = [];
        private readonly Lock _gate = new();
        private long _index;

        public required double Trouble { get; init; }

        public long WidestSpan { get; private set; }

        public IEnumerable<long> Ran => _bench.Machine.Ran.Select(static command => BinaryPrimitives.ReadInt64LittleEndian(command));

        public async ValueTask<Answer> ProposeAsync(ReadOnlyMemory<byte> entry, CancellationToken cancellationToken)
        {
            await Task.Yield();
            lock (_gate)
            {
                SessionEntry.TryRead(entry.Span, out var read);
                WidestSpan = Math.Max(WidestSpan, read.Sequence - read.AcknowledgedUpTo);
                if (_late.Count > 0 && random.Chance(0.3))
                    Deliver(random.Below(_late.Count));
                if (!random.Chance(Trouble))
                    return Apply(entry.ToArray());
                switch (random.Below(4))
                {
                    case 0:
                        return new(Outcome.Rejected, Refusal.NotLeader, default, default);
                    case 1:
                        Apply(entry.ToArray());
                        break;
                    case 2:
                        _late.Add(entry.ToArray());
                        break;
                    default:
                        break;
                }

                return new(Outcome.Unknown, Refusal.LostLeadership, default, default);
            }
        }

        public void DeliverLate()
        {
            while (_late.Count > 0)
                Deliver(0);
        }

        private void Deliver(int place)
        {
            Apply(_late[place]);
            _late.RemoveAt(place);
        }

        private Answer Apply(byte[] entry) => _bench.Do(++_index, _index, entry);
    }
}
