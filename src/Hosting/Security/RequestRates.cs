using System.Collections.Concurrent;
using System.Net;

namespace RaftStream.Hosting.Security;

/// <summary>
/// How many requests a second each client may ask this node, with a second's worth at once: by who it is, or by its address where everybody is anyone. Off unless it is set. One a node, for all its ports; any thread.
/// </summary>
/// <remarks>
/// Bounded: at most <see cref="MaxClients"/> are told apart. When there are more, those are forgotten that have asked nothing for a second, which changes nothing for them; if none has, newcomers share one allowance.
/// </remarks>
internal sealed class RequestRates(NodeSettings settings, TimeProvider time)
{
    /// <summary>So many clients are told apart.</summary>
    public const int MaxClients = 16_384;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly int _perSecond = settings.Security.Limits.RequestsPerSecond;
    private readonly ConcurrentDictionary<string, Allowance> _clients = new(StringComparer.Ordinal);
    private readonly Allowance _others = new();
    private long _forgotAt = time.GetTimestamp();

    /// <summary>Whether there is no limit.</summary>
    public bool IsOff => _perSecond == 0;

    /// <summary>Takes one request off the allowance. False: it is used up, and <paramref name="retryAfter"/> says for how long.</summary>
    /// <param name="principal">Who asks.</param>
    /// <param name="remote">From where.</param>
    /// <param name="retryAfter">When one may be asked again; zero if this one may.</param>
    public bool TryTake(Principal principal, IPAddress? remote, out TimeSpan retryAfter)
    {
        retryAfter = TimeSpan.Zero;
        return IsOff || AllowanceOf(ReferenceEquals(principal, Principal.Anyone) ? $"at {remote}" : principal.Name).TryTake(_perSecond, time, out retryAfter);
    }

    private Allowance AllowanceOf(string client)
    {
        if (_clients.TryGetValue(client, out var known))
            return known;
        if (_clients.Count >= MaxClients)
            Forget();
        return _clients.Count < MaxClients ? _clients.GetOrAdd(client, static _ => new()) : _others;
    }

    /// <summary>Once a second at the most: whoever comes under ever new addresses must not make every request look at all of them.</summary>
    private void Forget()
    {
        var last = Interlocked.Read(ref _forgotAt);
        if (time.GetElapsedTime(last) < Second || Interlocked.CompareExchange(ref _forgotAt, time.GetTimestamp(), last) != last)
            return;
        foreach (var (name, allowance) in _clients)
        {
            if (allowance.IsIdle(time))
                _clients.TryRemove(name, out _);
        }
    }

    private sealed class Allowance
    {
        private readonly Lock _gate = new();
        private double _left = double.PositiveInfinity;
        private long _at;

        public bool IsIdle(TimeProvider time)
        {
            lock (_gate)
                return time.GetElapsedTime(_at) >= Second;
        }

        public bool TryTake(int perSecond, TimeProvider time, out TimeSpan retryAfter)
        {
            lock (_gate)
            {
                var now = time.GetTimestamp();
                _left = Math.Min(perSecond, _left + (time.GetElapsedTime(_at, now).TotalSeconds * perSecond));
                _at = now;
                var isThere = _left >= 1;
                retryAfter = isThere ? TimeSpan.Zero : TimeSpan.FromSeconds((1 - _left) / perSecond);
                if (isThere)
                    _left--;
                return isThere;
            }
        }
    }
}
