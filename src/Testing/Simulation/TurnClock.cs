using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>
/// The clock of an agent's turn, which a slow piece of work ends early: while virtual time stands still within a turn, nothing else would.
/// </summary>
internal sealed class TurnClock(SimClock clock) : IClock
{
    /// <summary>Longer than any turn may last.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(1);

    private int _readings;

    /// <summary>The node's clock, and far beyond it once the pieces of work that this turn has time for are done.</summary>
    public Instant Now => _readings-- > 0 ? clock.Now : clock.Now + Long;

    /// <summary>A turn begins that has time for so many pieces of work; the clock is read at its start, and behind each piece but the last.</summary>
    public void Begin(int pieces) => _readings = pieces;
}
