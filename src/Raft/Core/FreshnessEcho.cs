namespace RaftStream.Raft.Core;

/// <summary>What a leader notes of one peer's clock, and when it may be told back: see <see cref="Freshness"/>.</summary>
/// <remarks>One note at a time: the next is taken once the last was confirmed, so that under a steady stream one does become old enough.</remarks>
internal sealed class FreshnessEcho
{
    private long _round;
    private Stamp _noted;

    /// <summary>What may be told back; the default while nothing may.</summary>
    public Stamp Confirmed { get; private set; }

    /// <summary>A term of leadership begins.</summary>
    public void Reset() => (_round, _noted, Confirmed) = (0, default, default);

    /// <summary>The peer said its clock, while rounds up to <paramref name="round"/> had begun and the log was committed up to <paramref name="commit"/>.</summary>
    public void Note(in Message reply, LogIndex commit, long round)
    {
        if (_round == 0 && reply.Clock != default)
            (_round, _noted) = (round, new(reply.Clock, reply.Life, commit));
    }

    /// <summary>A quorum answered rounds up to this one: only one that began after the note confirms it.</summary>
    public void Confirm(long round)
    {
        if (_round != 0 && round > _round)
            (_round, Confirmed) = (0, _noted);
    }

    public void CopyTo(FreshnessEcho other) => (other._round, other._noted, other.Confirmed) = (_round, _noted, Confirmed);

    /// <summary>A peer's clock, the life of its process, and what was committed then.</summary>
    public readonly record struct Stamp(Instant Clock, ulong Life, LogIndex Commit);
}
