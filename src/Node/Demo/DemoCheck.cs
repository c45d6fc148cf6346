using System.Diagnostics;
using RaftStream.Node.Commands;
using RaftStream.Hosting.Http;

namespace RaftStream.Node.Demo;

/// <summary>Compares what the cluster holds at the end with the independent count, and the replicas with each other.</summary>
internal sealed class DemoCheck(IDemoCluster cluster)
{
    /// <summary>Beyond the rows of the top list, at most this many words are read one by one.</summary>
    public const int MaxSingleReads = 50_000;

    private const int ReadsAtOnce = 32;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    /// <summary>The cluster's own answer: the largest counters with the totals.</summary>
    public TopJson Top { get; private set; } = new([], 0, 0, "", 0, 0);

    /// <summary>How many words were compared.</summary>
    public int Compared { get; private set; }

    /// <summary>The hash that all replicas have, once <see cref="ReplicasAgreeAsync"/> found one.</summary>
    public string? StateHash { get; private set; }

    /// <summary>Reads the counters and compares them with the reference.</summary>
    public async Task<bool> EqualsAsync(ReferenceCount reference, int leader, CancellationToken cancellationToken)
    {
        Top = await AskAsync(() => cluster.TopAsync(leader, CounterEndpoints.MaxTop, cancellationToken), cancellationToken);
        var expected = reference.Ordered().ToList();
        var shown = Math.Min(expected.Count, CounterEndpoints.MaxTop);
        var equal = Top.Total == reference.Total && Top.Distinct == expected.Count && Top.Top.Count == shown
            && Top.Top.Zip(expected).All(pair => pair.First.Count == pair.Second.Value && string.Equals(pair.First.Word, pair.Second.Key, StringComparison.Ordinal));
        Compared = shown;
        if (!equal)
            return false;

        // The top list ends at 10,000 rows: the rarer words are read one by one.
        var rest = expected.Skip(shown).Take(MaxSingleReads).ToList();
        var differences = 0;
        await Parallel.ForEachAsync(rest, new ParallelOptions { MaxDegreeOfParallelism = ReadsAtOnce, CancellationToken = cancellationToken }, async (row, token) =>
        {
            var counter = await AskAsync(() => cluster.CounterAsync(leader, row.Key, token), token);
            if (counter.Value != row.Value)
                Interlocked.Increment(ref differences);
        });
        Compared += rest.Count;
        return differences == 0;
    }

    /// <summary>Waits until all replicas have applied the same index, and compares their hashes.</summary>
    public async Task<bool> ReplicasAgreeAsync(CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < Patience)
        {
            var statuses = await cluster.StatusesAsync(cancellationToken);
            var isSettled = statuses.Count == cluster.Count
                && statuses.All(status => status.Applied == statuses[0].Applied && status.Applied == status.Commit);
            if (isSettled && statuses.All(status => string.Equals(status.StateHash, statuses[0].StateHash, StringComparison.Ordinal)))
            {
                StateHash = statuses[0].StateHash;
                return true;
            }
            await Task.Delay(Poll, cancellationToken);
        }
        return false;
    }

    private static async Task<T> AskAsync<T>(Func<Task<T?>> ask, CancellationToken cancellationToken)
        where T : class
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            if (await ask() is { } answer)
                return answer;
            if (Stopwatch.GetElapsedTime(start) > Patience)
                throw new UndecidedException($"The leader did not answer within {Patience.TotalSeconds:0} s.");
            await Task.Delay(Poll, cancellationToken);
        }
    }
}
