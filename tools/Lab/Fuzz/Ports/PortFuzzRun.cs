using System.Diagnostics;
using System.Net;
using RaftStream.Hosting.Http;
using RaftStream.Node.Local;
using RaftStream.Testing;

namespace RaftStream.Lab.Fuzz;

/// <summary>
/// One run: a cluster of one node in a process of its own, senders for each port, and this loop, which looks whether the node lives, what memory it has, and whether a sane client of each port is
/// answered right.
/// </summary>
internal sealed class PortFuzzRun
{
    private const int SendersOfPort = 8;
    private const long MostLogCharacters = 64L << 20;

    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(10);

    private readonly PortFuzzPlan _plan;
    private readonly LocalCluster _cluster;
    private readonly PortProbe _probe;
    private readonly Dictionary<string, InputSender[]> _senders = new(StringComparer.Ordinal);
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private long _peak;

    private PortFuzzRun(PortFuzzPlan plan, LocalCluster cluster, PortProbe probe)
    {
        (_plan, _cluster, _probe) = (plan, cluster, probe);
        var quota = new InputQuota(plan.Inputs);
        for (var place = 0; place < plan.Ports.Count; place++)
        {
            var port = plan.Ports[place];
            _senders[port] = [.. Enumerable.Range(0, SendersOfPort).Select(number => Sender(port, quota, new Random((plan.Seed * 64) + (place * SendersOfPort) + number)))];
        }
    }

    /// <summary>Fuzzes as planned, in a folder that it may fill.</summary>
    public static async Task<PortFuzzReport> RunAsync(PortFuzzPlan plan, string folder, CancellationToken cancellation)
    {
        var log = Path.Combine(folder, "node.log");
        var written = new Lock();
        var characters = 0L;
        await using var text = new StreamWriter(log);
        await using var cluster = await LocalCluster.StartAsync(new(1, Path.Combine(folder, "cluster"), BasePort: null, Temporary: true, Keep), cancellation);
        using var http = HttpClients.Create();
        await using var probe = new PortProbe(cluster, plan.Ports, http);
        var report = await new PortFuzzRun(plan, cluster, probe).RunAsync(cancellation);
        lock (written)
            text.Flush();
        var look = NodeLogCheck.Check([log]);
        return look.Verdict == Verdict.Illegal ? report with { Problem = report.Problem ?? look.Detail, IsUndecided = false } : report;

        void Keep(int node, string line)
        {
            lock (written)
            {
                characters += line.Length;
                if (characters < MostLogCharacters)
                    text.WriteLine(line);
            }
        }
    }

    private InputSender Sender(string port, InputQuota quota, Random random)
    {
        var member = _cluster.Members[0];
        return port switch
        {
            PortNames.Resp => new(IPEndPoint.Parse(member.Resp!), new RespForge(random), quota, random),
            PortNames.Http => new(IPEndPoint.Parse(member.Http), new HttpForge(random), quota, random),
            _ => new(IPEndPoint.Parse(member.Client!), new ClientForge(random), quota, random),
        };
    }

    private async Task<PortFuzzReport> RunAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (_plan.Limit is { } limit)
            stop.CancelAfter(limit);
        var sending = Task.WhenAll(_senders.Values.SelectMany(static port => port).Select(sender => Task.Run(() => sender.RunAsync(stop.Token), CancellationToken.None)));
        var problem = await WatchAsync(sending, cancellation);
        await stop.CancelAsync();
        await sending;

        // Once more when all is quiet.
        problem ??= cancellation.IsCancellationRequested ? null : await LookAsync(cancellation);
        return new()
        {
            Ports = _senders.ToDictionary(static port => port.Key, static port => port.Value.Aggregate(InputFigures.None, static (sum, sender) => sum + sender.Figures), StringComparer.Ordinal),
            Elapsed = _clock.Elapsed,
            Probes = _probe.Rounds,
            Sum = _probe.Sum,
            PeakMemory = _peak,
            Problem = problem,
            IsUndecided = cancellation.IsCancellationRequested || _probe.IsInDoubt,
        };
    }

    private async Task<string?> WatchAsync(Task sending, CancellationToken cancellation)
    {
        var reportAt = ReportEvery;
        using var timer = new PeriodicTimer(Turn);
        while (!sending.IsCompleted && !cancellation.IsCancellationRequested)
        {
            await timer.WaitForNextTickAsync(CancellationToken.None);
            if (await LookAsync(cancellation) is { } problem)
                return problem;
            if (_plan.Json || _clock.Elapsed < reportAt)
                continue;
            PortFuzzText.Progress(_senders.ToDictionary(static port => port.Key, static port => port.Value.Sum(static sender => sender.Figures.Inputs), StringComparer.Ordinal), _clock.Elapsed, _peak);
            reportAt = _clock.Elapsed + ReportEvery;
        }

        return null;
    }

    /// <summary>Whether the node lives, is small and answers; null if so.</summary>
    private async Task<string?> LookAsync(CancellationToken cancellation)
    {
        var child = _cluster.Child(_cluster.Members[0].Id);
        if (child.HasExited)
            return $"The node ended with exit code {child.ExitCode}: {child.LastWords}";
        try
        {
            using var process = Process.GetProcessById(child.Pid);
            _peak = Math.Max(_peak, child.PeakMemoryBytes() ?? process.WorkingSet64);
        }
        catch (ArgumentException)
        {
            return $"The node ended: {child.LastWords}";
        }

        if (_peak > PortFuzzReport.MemoryLimit)
            return $"The node had {_peak >> 20} MiB resident, and {PortFuzzReport.MemoryLimit >> 20} MiB are the limit.";
        try
        {
            var problem = await _probe.AskAsync(cancellation);
            return problem is not null && child.HasExited ? $"The node ended with exit code {child.ExitCode}: {child.LastWords}" : problem;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
        }
    }
}
