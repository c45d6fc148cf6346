using System.Globalization;

namespace RaftStream.Hosting.Http;

/// <summary>
/// How long a request may wait, kept over all the nodes it passes: a node that sends a request on tells how much of the time is
/// left, so that the chain ends together instead of adding up. The client may say how long that is (<see cref="RequestTimeout"/>).
/// </summary>
internal sealed class RequestDeadline : IDisposable
{
    /// <summary>How many times a request was sent on already.</summary>
    public const string HopsHeader = "Raftstream-Hops";

    /// <summary>What is left of its time, in milliseconds.</summary>
    public const string RemainingHeader = "Raftstream-Remaining-Ms";

    /// <summary>Says that an earlier attempt of a session's write is of unknown outcome.</summary>
    public const string UncertainHeader = "Raftstream-Uncertain";

    /// <summary>No request is sent on more often: two nodes may each take the other for the leader for a moment.</summary>
    public const int MaxHops = 3;

    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly TimeSpan _allowed;
    private readonly CancellationTokenSource _over;
    private readonly CancellationTokenSource _source;

    private RequestDeadline(int hops, TimeSpan allowed, TimeProvider time, CancellationToken aborted, CancellationToken stopping)
    {
        (Hops, _allowed, _time, _start) = (hops, allowed, time, time.GetTimestamp());
        _over = new(allowed, time);
        _source = CancellationTokenSource.CreateLinkedTokenSource(_over.Token, aborted, stopping);
    }

    /// <summary>How many nodes have sent this request on.</summary>
    public int Hops { get; }

    /// <summary>Whether an attempt, here or at a node before, may have been done: then no refusal is certain any more.</summary>
    public bool IsUncertain { get; set; }

    /// <summary>Cancelled when the time is over, the client has gone or the node stops.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>What is left, at least zero.</summary>
    public TimeSpan Remaining
    {
        get
        {
            var left = _allowed - _time.GetElapsedTime(_start);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>The deadline of a request that just came in: what another node left of it, else what the client says.</summary>
    /// <exception cref="BadHttpRequestException">What the client says is wrong; <see cref="RequestLimits"/> has told it so before.</exception>
    public static RequestDeadline Of(HttpContext context, CancellationToken stopping)
    {
        var hops = Header(context, HopsHeader, 0, MaxHops) ?? 0;
        var left = Header(context, RemainingHeader, RequestTimeout.Least, RequestTimeout.Most);
        if (!RequestTimeout.TryRead(context.Request, out var asked, out var problem))
            throw new BadHttpRequestException(problem);
        return new RequestDeadline(hops, left is null ? asked : TimeSpan.FromMilliseconds(left.Value), context.RequestServices.GetRequiredService<TimeProvider>(), context.RequestAborted, stopping)
        {
            IsUncertain = context.Request.Headers.ContainsKey(UncertainHeader),
        };
    }

    /// <summary>What a request says that is sent on to another node.</summary>
    /// <param name="hops">How often it was sent on by then.</param>
    /// <param name="left">What is left of its time.</param>
    public static HeaderDictionary Headers(int hops, TimeSpan left) => new()
    {
        [HopsHeader] = hops.ToString(CultureInfo.InvariantCulture),
        [RemainingHeader] = ((int)Math.Max(RequestTimeout.Least, left.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Waits a moment before the next try; false if the time is over.</summary>
    public async Task<bool> PauseAsync(TimeSpan pause)
    {
        try
        {
            await Task.Delay(pause, _time, Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _source.Dispose();
        _over.Dispose();
    }

    private static int? Header(HttpContext context, string name, int least, int most) =>
        int.TryParse(context.Request.Headers[name], NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? Math.Clamp(value, least, most)
            : null;
}
