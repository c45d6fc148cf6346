using System.Diagnostics;

namespace RaftStream.Testing;

/// <summary>A system whose nodes take a snapshot when they are asked to, and drop the log that it stands in for.</summary>
internal interface ISnapshotSystem
{
    /// <summary>Has the nodes take a snapshot. The place in the log that it reaches; null if it was not taken. Never throws for a node that is down.</summary>
    Task<long?> SnapshotAsync(string address, CancellationToken deadline);
}

/// <summary>
/// Snapshots one after the other as fast as they can be had, for some seconds, asked for through every node in turn: logs are compacted under the feet of whoever
/// replicates, reads or recovers from them.
/// </summary>
internal sealed class SnapshotStorm : INemesis
{
    private const int LeastTaken = 3;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan OnePatience = TimeSpan.FromSeconds(3);

    public string Name => "snapshot-storm";

    public string? WhyNot(Field field) => field.System is ISnapshotSystem ? null : $"{field.System.Name} takes no snapshots that the lab could ask for.";

    public async Task<Strike?> StrikeAsync(Field field, SimRandom random)
    {
        var (system, time) = ((ISnapshotSystem)field.System, TimeSpan.FromMilliseconds(random.Between(1_500, 5_000)));
        var nodes = field.Shuffled(random);
        var (start, taken, last) = (Stopwatch.GetTimestamp(), 0, 0L);
        for (var turn = 0; Stopwatch.GetElapsedTime(start) < time; turn++)
        {
            using var patience = new CancellationTokenSource(OnePatience);
            var address = field.Driver.LabAddress(nodes[turn % nodes.Count], field.System.ClientPorts[0]);
            if (await system.SnapshotAsync(address, patience.Token) is { } reached && reached > last)
                (taken, last) = (taken + 1, reached);
            else
                await Task.Delay(Pause);
        }

        return new($"{taken} snapshots", nodes, static () => Task.CompletedTask, () => Task.FromResult(taken >= LeastTaken)) { IsOver = true };
    }
}
