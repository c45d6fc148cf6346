namespace RaftStream.Raft.Core;

/// <summary>
/// The numbers that appends carry and answers repeat, so that an answer tells how late its question may have left at the earliest.
/// Every heartbeat and every confirmation of reads begins a round.
/// </summary>
/// <remarks>
/// Kept true: all messages of a round leave at or after its instant. An instant that is forgotten counts as long ago, never as later
/// than it was.
/// </remarks>
internal sealed class Rounds
{
    private const int Remembered = 1024;

    private readonly Instant[] _begun = new Instant[Remembered];
    private Instant _first;

    /// <summary>The round that appends carry now; rounds count from 1 within a term of leadership.</summary>
    public long Current { get; private set; }

    /// <summary>A term of leadership begins.</summary>
    public void Start(Instant now)
    {
        (Current, _first) = (0, now);
        Begin(now);
    }

    /// <summary>Begins the next round.</summary>
    public long Begin(Instant now)
    {
        Current++;
        _begun[Current % Remembered] = now;
        return Current;
    }

    /// <summary>When a round of this term began, or an earlier instant.</summary>
    public Instant BegunAt(long round) => round > Current - Remembered && round > 0 ? _begun[round % Remembered] : _first;

    public void CopyTo(Rounds other)
    {
        // Numbers count from 1, so what lies behind the current one was never begun.
        _begun.AsSpan(0, (int)Math.Min(Current + 1, Remembered)).CopyTo(other._begun);
        (other.Current, other._first) = (Current, _first);
    }
}
