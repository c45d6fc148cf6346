using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

/// <summary>One input to a core, drawn at random so that it can be given to several cores alike.</summary>
internal readonly record struct RandomInput(int Kind, TimeSpan Later, Message Message, EntryShape[] Entries, Configuration[] Configurations, long Number)
{
    private static readonly long[] Extremes = [long.MinValue, -1, 0, 1, 2, 3, int.MaxValue, long.MaxValue - 1, long.MaxValue];

    /// <summary>An input as a cluster might bring it about for a core that stands where <paramref name="core"/> does.</summary>
    public static RandomInput Plausible(ref Prng prng, RaftCore core)
    {
        var kind = Below(ref prng, 15);
        var message = default(Message);
        EntryShape[] entries = [];
        Configuration[] configurations = [];
        if (kind < 7)
            message = PlausibleMessage(ref prng, core, out entries, out configurations);
        var number = kind is 9 or 10 && core.Output.WriteSequence != 0 ? core.Output.WriteSequence : Below(ref prng, 1_000);
        return new(kind, TimeSpan.FromMilliseconds(Below(ref prng, 4) == 0 ? Below(ref prng, 200) : 1), message, entries, configurations, number);
    }

    /// <summary>A message that no core would send: every field is an extreme or near the core's own state.</summary>
    public static RandomInput Garbage(ref Prng prng, RaftCore core)
    {
        var entries = new EntryShape[Below(ref prng, 3)];
        for (var i = 0; i < entries.Length; i++)
            entries[i] = new(new(Any(ref prng, core.Term.Value)), (EntryKind)(Below(ref prng, 4) == 0 ? 200 : Below(ref prng, 4)), Below(ref prng, 3) == 0 ? -1 : Below(ref prng, 3) == 0 ? int.MaxValue : 5);
        var message = new Message
        {
            Kind = (MessageKind)Below(ref prng, 13),
            From = new((int)(Any(ref prng, 2) & 0x7)),
            Disk = (ulong)Below(ref prng, 8) / 7 + 1,
            To = Below(ref prng, 8) == 0 ? new(2) : core.Self,
            Term = new(Any(ref prng, core.Term.Value)),
            Position = new(new(Any(ref prng, core.Log.Last.Index.Value)), new(Any(ref prng, core.Log.Last.Term.Value))),
            Commit = new(Any(ref prng, core.Commit.Value)),
            Match = new(Any(ref prng, core.Log.Last.Index.Value)),
            Round = Any(ref prng, 3),
            Count = Below(ref prng, 10) == 0 ? Below(ref prng, 4) : entries.Length,
            Accepted = Below(ref prng, 2) == 0,
            ByTransfer = Below(ref prng, 2) == 0,
            Clock = new(Any(ref prng, 1_000_000)),
            Life = (ulong)Any(ref prng, 1),
            Echo = new(Any(ref prng, core.Commit.Value)),
        };
        return new(0, TimeSpan.FromMilliseconds(1), message, entries, Below(ref prng, 4) == 0 ? [core.Membership.Current] : [], 0);
    }

    /// <summary>Gives the input to a core.</summary>
    public void ApplyTo(RaftCore core, Instant now)
    {
        switch (Kind)
        {
            case < 7:
                core.Receive(now, Message, Entries, Configurations);
                break;
            case 7:
                core.Propose(now, [new(EntryKind.Command, (int)Number), new(EntryKind.SnapshotPoint, 3)]);
                break;
            case 8:
                core.Read(now, Number);
                break;
            case 9 or 10:
                core.LogDurable(now, Number);
                break;
            case 12:
                core.Change(now, Wish(core));
                break;
            case 13 when Number % 8 == 0:
                core.StorageFull(now, Number % 16 == 0);
                break;
            case 13:
                core.Transfer(now, new((int)(Number % 4)));
                break;
            case 14:
                core.ReadByLease(now);
                core.FreshnessAt(now);
                core.Tick(now);
                break;
            default:
                core.Tick(now);
                break;
        }
    }

    private MemberChange Wish(RaftCore core) => (Number % 5) switch
    {
        0 => MemberChange.Add(new(core.Membership.Current.Highest.Value + 1), "x:1"),
        1 => MemberChange.Promote(core.Membership.Current.Highest),
        2 => MemberChange.Remove(new((int)(Number % 6))),
        3 => MemberChange.Update(new(2), null, (int)(Number % 300)),
        _ => MemberChange.Replace(new(3), core.Membership.Current.Highest),
    };

    private static Message PlausibleMessage(ref Prng prng, RaftCore core, out EntryShape[] entries, out Configuration[] configurations)
    {
        var kind = (MessageKind)(1 + Below(ref prng, 10));
        var term = new Term(Math.Max(1, core.Term.Value + Below(ref prng, 6) / 5));
        var index = LogIndex.Max(core.Log.Base.Index, core.Log.Last.Index - Below(ref prng, 3));
        var position = core.Log.At(index);
        entries = kind == MessageKind.Append ? new EntryShape[Below(ref prng, 3)] : [];
        Array.Fill(entries, new(term, EntryKind.Command, 7));
        configurations = entries.Length > 0 && Below(ref prng, 8) == 0 ? [core.Membership.At(core.Log.Base.Index).Configuration] : [];
        if (configurations.Length > 0)
            entries[^1] = new(term, EntryKind.Configuration, 70);
        return new()
        {
            Kind = kind,
            From = new(2 + Below(ref prng, 2)),
            Disk = 1,
            To = core.Self,
            Term = kind == MessageKind.Vote ? term.Next : term,
            Position = position,
            Commit = core.Commit + Below(ref prng, 2),
            Round = 1 + Below(ref prng, 3),
            Count = entries.Length,
            Accepted = Below(ref prng, 4) != 0,
            Match = LogIndex.Zero,
        };
    }

    private static long Any(ref Prng prng, long near) =>
        Below(ref prng, 3) == 0 ? Extremes[Below(ref prng, Extremes.Length)] : near + Below(ref prng, 4) - 1;

    private static int Below(ref Prng prng, int bound) => (int)(prng.Next() % (ulong)bound);
}
