using System.Diagnostics;
using RaftStream.Node.Commands;
using RaftStream.Hosting.Http;

namespace RaftStream.Node.Demo;

/// <summary>
/// The failure in the demo: the leader is killed at half the text, and started again at its end. Not earlier: the start of a process
/// takes a core for a second, and on a small machine the speed after the failure would be that of the start.
/// </summary>
internal sealed class DemoFault(IDemoCluster cluster, DemoSource source, ProgressMeter meter, DemoView view, CancellationToken cancellationToken)
{
    private static readonly TimeSpan Stalled = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

    private long _killedAt;
    private int _victim;

    /// <summary>Whether the leader has been killed.</summary>
    public bool Killed => _victim != 0;

    /// <summary>From the kill to the next leader.</summary>
    public TimeSpan? Election { get; private set; }

    /// <summary>From the start of the dead node to its having caught up.</summary>
    public TimeSpan? Restart { get; private set; }

    /// <summary>Kills the leader if it is time to.</summary>
    /// <param name="leader">Who leads.</param>
    /// <param name="now">The time of the stream.</param>
    /// <returns>Whether it was killed now.</returns>
    public async Task<bool> KillIfDueAsync(int leader, TimeSpan now)
    {
        if (Killed)
            return false;

        // A pipeline may hold back what does not fill a batch, and a text may be shorter than one: then half is never seen to be
        // committed, and the kill comes when the gate holds the stream and nothing moves any more.
        var isStuck = source.AtGate && now - (meter.Last?.At ?? TimeSpan.Zero) > Stalled;
        if (source.Committed * 2 < source.Length && !isStuck)
            return false;
        _killedAt = Stopwatch.GetTimestamp();
        meter.MarkKill();
        await cluster.KillAsync(leader);
        _victim = leader;
        source.Release();
        view.Line($"node {leader}, the leader, {cluster.HowKilled} at byte {source.Committed:N0} of {source.Length:N0}");
        return true;
    }

    /// <summary>A leader was found: the first one after the kill ends the election.</summary>
    public void Found(StatusJson leader)
    {
        if (!Killed || Election is not null)
            return;
        Election = Stopwatch.GetElapsedTime(_killedAt);
        view.Line($"node {leader.Id} leads term {leader.Term}, {Election.Value.TotalMilliseconds:0} ms after the kill");
    }

    /// <summary>
    /// Starts the dead node again and waits until it has caught up: it knows the leader and has applied all that was committed when its
    /// process started.
    /// </summary>
    public async Task RestartAsync()
    {
        var target = (await cluster.StatusesAsync(cancellationToken)).Select(status => status.Commit).DefaultIfEmpty().Max();
        view.Line($"node {_victim} is started again");
        var start = Stopwatch.GetTimestamp();
        await cluster.StartAgainAsync(_victim, cancellationToken);
        while (true)
        {
            var own = (await cluster.StatusesAsync(cancellationToken)).FirstOrDefault(status => status.Id == _victim);
            if (own is { Leader: not null } && own.Applied >= target)
                break;
            if (Stopwatch.GetElapsedTime(start) > Patience)
                throw new UndecidedException($"Node {_victim} did not catch up within {Patience.TotalSeconds:0} s of its restart.");
            await Task.Delay(Poll, cancellationToken);
        }
        Restart = Stopwatch.GetElapsedTime(start);
        view.Line($"node {_victim} has caught up, {Restart.Value.TotalMilliseconds:0} ms after its start");
    }
}
