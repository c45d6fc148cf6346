using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

/// <summary>Corners of membership, full disks and hand-overs in whole cores, each found by reading the code against its rules.</summary>
internal sealed class MembershipCoreTests
{
    private static readonly CoreOptions Options = new() { ElectionTimeout = TimeSpan.FromMilliseconds(300), HeartbeatInterval = TimeSpan.FromMilliseconds(50) };
    private static readonly Configuration One = Of(1);
    private static readonly Configuration Three = Of(1, 2, 3);

    [Test]
    public void A_snapshot_whose_members_stand_behind_it_is_not_installed()
    {
        var core = New(Three);
        core.SnapshotReceived(new(1), new(new(9), new(1)), new(new(10), Three));
        Assert.That((core.Log.Last, core.Output.WriteSequence), Is.EqualTo((LogPosition.Zero, 0L)));
        core.SnapshotReceived(new(1), new(new(9), new(1)), new(new(9), Three));
        Assert.That((core.Log.Last.Index, core.Membership.Index), Is.EqualTo((new LogIndex(9), new LogIndex(9))));
    }

    [Test]
    public void A_full_follower_says_nothing_to_entries_and_answers_heartbeats()
    {
        var core = New(Three);
        core.StorageFull(new(1), isFull: true);
        core.Receive(new(2), Append(count: 1), [new(new(1), EntryKind.Command, 5)]);
        Assert.That((core.Output.Messages.Length, core.Log.Last, core.Leader), Is.EqualTo((0, LogPosition.Zero, new NodeId(2))));
        core.LogDurable(new(3), core.Output.WriteSequence);
        core.Receive(new(4), Append(count: 0), []);
        Assert.That(core.Output.Messages[0].Message, Is.EqualTo(core.Output.Messages[0].Message with { Kind = MessageKind.AppendReply, Accepted = true }));
        core.StorageFull(new(5), isFull: false);
        core.Receive(new(6), Append(count: 1), [new(new(1), EntryKind.Command, 5)]);
        Assert.That(core.Log.Last.Index, Is.EqualTo(new LogIndex(1)));
    }

    [Test]
    public void A_full_node_does_not_take_over()
    {
        var core = New(Three);
        core.Receive(new(1), Append(count: 0), []);
        core.StorageFull(new(2), isFull: true);
        var word = new Message { Kind = MessageKind.ElectNow, From = new(2), To = new(1), Term = new(1), Disk = 2 };
        core.Receive(new(3), word, []);
        Assert.That(core.Role, Is.EqualTo(Role.Follower));
        core.StorageFull(new(4), isFull: false);
        core.Receive(new(5), word, []);
        Assert.That(core.Role, Is.EqualTo(Role.Candidate));
    }

    [Test]
    public void Configurations_do_not_widen_the_limit_on_what_is_not_committed()
    {
        var now = new Instant(0);
        var core = Led(Options with { MaxUncommittedBytes = 1_000 }, ref now);
        for (var round = 0; round < 40; round++)
        {
            Assert.That(core.Change(now, MemberChange.Update(new(1), $"host{round}:1", null)), Is.EqualTo(Refusal.None));
            Settle(core, now);
        }

        Assert.That(core.Propose(now, [new(EntryKind.Command, 1_001)]).Refusal, Is.EqualTo(Refusal.Overloaded));
        Assert.That(core.Propose(now, [new(EntryKind.Command, 1_000)]).Refusal, Is.EqualTo(Refusal.None));
    }

    [Test]
    public void A_core_whose_members_changed_since_it_led_can_be_copied()
    {
        var now = new Instant(0);
        var core = Led(Options, ref now);
        Assert.That(core.Change(now, MemberChange.Add(new(2), "b:1")), Is.EqualTo(Refusal.None));
        Settle(core, now);
        core.Receive(now, new() { Kind = MessageKind.Append, From = new(2), To = new(1), Term = new(9), Position = core.Log.Last, Count = 1, Disk = 1 }, [new(new(9), EntryKind.Configuration, 40)], [One]);
        Assert.That((core.Role, core.Membership.Current.Count), Is.EqualTo((Role.Follower, 1)));
        var copy = New(One);
        core.CopyTo(copy);
        Assert.That(copy.Fingerprint(), Is.EqualTo(core.Fingerprint()));
    }

    [Test]
    public void Members_that_were_not_heard_in_this_term_do_not_count_as_heard()
    {
        var cores = new[] { New(Three), New(Three, 2) };
        var now = cores[0].Output.NextDeadline + Options.ElectionTimeout;
        Exchange(cores, now, core => core.Tick(now));
        Assert.That(cores[0].OwnTermCommitted, Is.True);
        Exchange(cores, now, core => Assert.That(core.Change(now, MemberChange.Remove(new(2))), Is.EqualTo(Refusal.WouldLoseQuorum), "3 has been silent all along"));
    }

    [Test]
    public void An_empty_node_waits_and_never_stands()
    {
        var core = New(Configuration.Empty);
        for (var i = 0; i < 20; i++)
        {
            core.Tick(core.Output.NextDeadline);
            Assert.That((core.Role, core.Term, core.Output.Messages.Length), Is.EqualTo((Role.Follower, Term.Zero, 0)));
        }
    }

    private static Configuration Of(params int[] ids) => new(ids.Select(static id => new Member { Id = new(id), IsVoter = true, Disk = (ulong)id, Address = "a:1" }));

    private static RaftCore New(Configuration configuration, int id = 1, CoreOptions? options = null) =>
        new(options ?? Options, configuration, new(id), CoreRecovery.Empty with { Disk = (ulong)id }, (ulong)id, new(0));

    private static Message Append(int count) => new() { Kind = MessageKind.Append, From = new(2), To = new(1), Term = new(1), Count = count, Disk = 2 };

    /// <summary>The only voter, elected.</summary>
    private static RaftCore Led(CoreOptions options, ref Instant now)
    {
        var core = New(One, options: options);
        now = core.Output.NextDeadline;
        core.Tick(now);
        Settle(core, now);
        Assert.That(core.OwnTermCommitted, Is.True);
        return core;
    }

    /// <summary>Lets the disk answer until nothing is under way.</summary>
    private static void Settle(RaftCore core, Instant now)
    {
        while (core.Output.WriteSequence != 0)
            core.LogDurable(now, core.Output.WriteSequence);
    }

    /// <summary>Gives the first core an input, and delivers all that follows among those that are up; disks answer at once.</summary>
    private static void Exchange(RaftCore[] cores, Instant now, Action<RaftCore> input)
    {
        var queue = new Queue<(Message Message, EntryShape[] Entries)>();
        input(cores[0]);
        Drain(cores[0]);
        while (queue.TryDequeue(out var next))
        {
            if (Array.Find(cores, core => core.Self == next.Message.To) is not { } receiver)
                continue;
            receiver.Receive(now, next.Message, next.Entries);
            Drain(receiver);
        }

        void Drain(RaftCore core)
        {
            while (true)
            {
                foreach (var (message, _) in core.Output.Messages)
                    queue.Enqueue((message, [.. Enumerable.Range(1, message.Count).Select(place => core.Log.ShapeAt(message.Position.Index + place))]));
                if (core.Output.WriteSequence == 0)
                    return;
                core.LogDurable(now, core.Output.WriteSequence);
            }
        }
    }
}
