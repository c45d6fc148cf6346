using System.Diagnostics;
using RaftStream.Node.Commands;
using RaftStream.Hosting.Http;

namespace RaftStream.Node.Local;

/// <summary>Finds the leader of a local cluster: the one of the newest term that has applied the entry that opened it.</summary>
internal static class ReadyLeader
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

    /// <summary>Asks for the statuses until one leads.</summary>
    /// <exception cref="UndecidedException">None did within <paramref name="patience"/>.</exception>
    public static async Task<StatusJson> FindAsync(Func<CancellationToken, Task<IReadOnlyList<StatusJson>>> statuses, TimeSpan patience, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            var leader = (await statuses(cancellationToken)).Where(static status => status is { Role: "leader", Ready: true }).MaxBy(static status => status.Term);
            if (leader is not null)
                return leader;
            if (Stopwatch.GetElapsedTime(start) > patience)
                throw new UndecidedException($"The nodes found no leader within {patience.TotalSeconds:0} s.");
            await Task.Delay(Poll, cancellationToken);
        }
    }
}
