namespace RaftStream.StreamStateMachine;

/// <summary>
/// How long to wait before the next attempt: about twice as long each time, up to a limit. Chance takes up to half of it off, so that many senders do not come back at the same moment.
/// </summary>
/// <param name="first">The first pause.</param>
/// <param name="longest">The longest pause.</param>
/// <param name="chance">Gives numbers from 0 to below 1.</param>
internal sealed class BackOff(TimeSpan first, TimeSpan longest, Func<double> chance)
{
    /// <summary>The longest that the other side may ask for: 10 minutes. A wrong number in an answer must not end a sink.</summary>
    public static readonly TimeSpan MaxAskedFor = TimeSpan.FromMinutes(10);

    private TimeSpan _next = first;

    /// <summary>The next pause.</summary>
    /// <param name="askedFor">How long the other side asks to be left alone; null where it does not.</param>
    public TimeSpan Next(TimeSpan? askedFor)
    {
        var pause = _next * (1 - (chance() / 2));
        _next = _next < longest / 2 ? _next * 2 : longest;
        if (askedFor is not { } asked)
            return pause;
        return asked > MaxAskedFor ? MaxAskedFor : asked > pause ? asked : pause;
    }
}
