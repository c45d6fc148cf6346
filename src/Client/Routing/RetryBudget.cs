namespace RaftStream.Client.Routing;

/// <summary>
/// How much may be repeated: a bucket of tokens that each call fills by a part and each repetition empties by one. A cluster in trouble gets at most that part more load,
/// and a reserve at the beginning of the trouble, instead of a multiple. Any thread, no lock.
/// </summary>
internal sealed class RetryBudget(double ratio, int reserve)
{
    // Thousandths of tokens: a sum of parts must not drift as floating point would.
    private const long Whole = 1_000;

    private readonly long _earned = (long)(ratio * Whole);
    private readonly long _most = reserve * Whole;
    private long _tokens = reserve * Whole;

    /// <summary>Repetitions that are left.</summary>
    public long Left => Volatile.Read(ref _tokens) / Whole;

    /// <summary>A call begins.</summary>
    public void Earn()
    {
        var tokens = Volatile.Read(ref _tokens);
        while (tokens < _most)
        {
            var before = Interlocked.CompareExchange(ref _tokens, Math.Min(_most, tokens + _earned), tokens);
            if (before == tokens)
                return;
            tokens = before;
        }
    }

    /// <summary>Takes one for a repetition. False: there is none.</summary>
    public bool TryTake()
    {
        var tokens = Volatile.Read(ref _tokens);
        while (tokens >= Whole)
        {
            var before = Interlocked.CompareExchange(ref _tokens, tokens - Whole, tokens);
            if (before == tokens)
                return true;
            tokens = before;
        }

        return false;
    }
}
