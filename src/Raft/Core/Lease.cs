namespace RaftStream.Raft.Core;

/// <summary>
/// How long a leader may answer alone (dissertation 6.4.1), and how old what a node knows may be at the most. Nothing here is kept:
/// both are computed anew at each use.
/// </summary>
/// <remarks>
/// [safety] Counted from when the quorum's newest rounds were <i>sent</i>, never from when their answers came: a voter counts its refusal to
/// vote from when it got the round, which may be long before the leader heard of it. Both clocks may be wrong by the drift bound,
/// rho, in either direction: in the voter's T as its clock counts it, at least T/(1+rho) of true time pass, and of these the leader's clock counts at
/// least T(1-rho)/(1+rho).
/// </remarks>
internal static class Lease
{
    /// <summary>Taken off each lease, for what a bound on rates does not cover: reading a clock and acting on it are two moments.</summary>
    public static readonly TimeSpan Guard = TimeSpan.FromMilliseconds(5);

    /// <summary>Until when nobody else can have been elected, if a quorum answered rounds that were sent at or after <paramref name="sent"/>.</summary>
    public static Instant Until(Instant sent, CoreOptions options) =>
        sent + (options.ElectionTimeout * ((1 - options.MaxDrift) / (1 + options.MaxDrift))) - Guard;

    /// <summary>How much true time may have passed between two instants of one clock, rounded up: a difference of instants is rounded down to a tick.</summary>
    public static TimeSpan Age(Instant from, Instant now, CoreOptions options) => (now - from + TimeSpan.FromTicks(1)) / (1 - options.MaxDrift);
}
