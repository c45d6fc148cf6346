using System.Diagnostics;
using System.Net.Sockets;

namespace RaftStream.Lab.Torture.Systems;

/// <summary>
/// Stands in for Redis Sentinel, one beside each replica: when most replicas have not heard the primary for a while, the one that has the most of its
/// history becomes the primary, and all others its replicas, the old primary too.
/// </summary>
/// <remarks>
/// It reaches the nodes on ways that no fault cuts, so the old primary learns of its end sooner than from a real Sentinel behind a partition: what is
/// lost in spite of that is the least that would be.
/// </remarks>
internal sealed class RedisOperator(RedisSystem system, Func<int, string> addressOf)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan DownAfter = TimeSpan.FromSeconds(1);

    private readonly Dictionary<int, long> _silentSince = [];

    /// <summary>Watches until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Look);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
                await LookAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // It is the end that was asked for.
            return;
        }
    }

    private async Task LookAsync(CancellationToken stop)
    {
        var nodes = system.Nodes;
        var answers = await Task.WhenAll(nodes.Select(node => AskAsync(node, stop)));
        var seen = nodes.Zip(answers).Where(static pair => pair.Second is not null).ToDictionary(static pair => pair.First, static pair => pair.Second!);
        if (Successor(seen, nodes.Count - 1) is { } successor && await DoAsync(successor, ["REPLICAOF", "NO", "ONE"], stop))
        {
            system.Promoted(successor);
            _silentSince.Clear();
            return;
        }

        foreach (var (node, info) in seen.Where(each => each.Key != system.Primary))
        {
            var (host, port) = system.WayTo(node, system.Primary);
            if (info.PrimaryAddress != $"{host}:{port}")
                await DoAsync(node, ["REPLICAOF", host, port], stop);
        }
    }

    /// <summary>The replica that is to take over, or null as long as the primary is heard by enough of them, or none of them may.</summary>
    private int? Successor(Dictionary<int, RedisInfo> seen, int replicas)
    {
        var silent = new List<int>();
        foreach (var (node, info) in seen.Where(each => each.Key != system.Primary && !each.Value.IsPrimary))
        {
            if (info.HearsPrimary)
                _silentSince.Remove(node);
            else if (_silentSince.TryAdd(node, Stopwatch.GetTimestamp()) || Stopwatch.GetElapsedTime(_silentSince[node]) < DownAfter)
                continue;
            else
                silent.Add(node);
        }

        var able = silent.Where(node => seen[node].MaySucceed(DownAfter, Stopwatch.GetElapsedTime(_silentSince[node]))).ToList();
        return silent.Count * 2 > replicas && able.Count > 0 ? able.MaxBy(node => (seen[node].Offset, -node)) : null;
    }

    private async Task<RedisInfo?> AskAsync(int node, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Patience);
        return await RedisInfo.AskAsync(addressOf(node), patience.Token);
    }

    // With the file that the server starts from next time. One that does not answer is asked again at the next look.
    private async Task<bool> DoAsync(int node, string[] command, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Patience);
        try
        {
            using var connection = await RespConnection.ConnectAsync(addressOf(node), patience.Token);
            return (await connection.AskAsync(patience.Token, command, ["CONFIG", "REWRITE"])).All(static reply => !reply.IsError);
        }
        catch (Exception silence) when (silence is SocketException or OperationCanceledException or IOException)
        {
            return false;
        }
    }
}
