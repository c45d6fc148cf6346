using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

/// <summary>One input to a core, drawn at random so that it can be given to several cores alike.</summary>
internal readonly record struct RandomInput(int Kind, TimeSpan Later, Message Message, EntryShape[] Entries, long Number)
{
    private static readonly long[] Extremes = [long.MinValue, -1, 0, 1, 2, 3, int.MaxValue, long.MaxValue - 1, long.MaxValue];

    /// <summary>An input as a cluster might bring it about for a core that stands where <paramref name="core"/> does.</summary>
    public static RandomInput Plausible(ref Prng prng, RaftCore core)
    {
        var kind = Below(ref prng, 12);
        var message = default(Message);
        EntryShape[] entries = [];
        if (kind < 7)
            message = PlausibleMessage(ref prng, core, out entries);
        var number = kind is 9 or 10 && core.Output.WriteSequence != 0 ? core.Output.WriteSequence : Below(ref prng, 1_000);
        return new(kind, TimeSpan.FromMilliseconds(Below(ref prng, 4) == 0 ? Below(ref prng, 200) : 1), message, entries, number);
    }

    /// <summary>A message that no core would send: every field is an extreme or near the core's own state.</summary>
    public static RandomInput Garbage(ref Prng prng, RaftCore core)
    {
        var entries = new EntryShape[Below(ref prng, 3)];
        for (var i = 0; i < entries.Length; i++)
            entries[i] = new(new(Any(ref prng, core.Term.Value)), (EntryKind)(Below(ref prng, 4) == 0 ? 200 : 1), Below(ref prng, 3) == 0 ? -1 : Below(ref prng, 3) == 0 ? int.MaxValue : 5);
        var message = new Message
        {
            Kind = (MessageKind)Below(ref prng, 10),
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
        };
        return new(0, TimeSpan.FromMilliseconds(1), message, entries, 0);
    }

    /// <summary>Gives the input to a core.</summary>
    public void ApplyTo(RaftCore core, Instant now)
    {
        switch (Kind)
        {
            case < 7:
                core.Receive(now, Message, Entries);
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
            default:
                core.Tick(now);
                break;
        }
    }

    private static Message PlausibleMessage(ref Prng prng, RaftCore core, out EntryShape[] entries)
    {
        var kind = (MessageKind)(1 + Below(ref prng, 7));
        var term = new Term(Math.Max(1, core.Term.Value + Below(ref prng, 6) / 5));
        var index = LogIndex.Max(core.Log.Base.Index, core.Log.Last.Index - Below(ref prng, 3));
        var position = core.Log.At(index);
        entries = kind == MessageKind.Append ? new EntryShape[Below(ref prng, 3)] : [];
        Array.Fill(entries, new(term, EntryKind.Command, 7));
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
