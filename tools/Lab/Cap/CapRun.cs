using System.Diagnostics;
using RaftStream.Hosting.Http;
using RaftStream.Lab.Torture;
using RaftStream.Node.Http;
using RaftStream.Testing;

namespace RaftStream.Lab.Cap;

/// <summary>What the experiment is.</summary>
/// <param name="Nodes">3 or 5.</param>
/// <param name="Length">How long clients work.</param>
/// <param name="Folder">For what nodes say and keep; no other run may use it, and it is left to the caller to remove it.</param>
internal sealed record CapPlan(int Nodes, TimeSpan Length, string Folder);

/// <summary>What happened.</summary>
/// <param name="Operations">All operations, by client and in their order.</param>
/// <param name="Phases">The stretches of the time.</param>
/// <param name="Minority">The nodes of the smaller part.</param>
/// <param name="Final">The counters that were written to, by level and side, once all was healed and what was accepted had been applied.</param>
/// <param name="Fates">What became of each provisional write: applied or lost; missing where nobody told.</param>
/// <param name="AppliedWhileCut">What was applied, just before the cut was mended, of what the smaller part had accepted by then, for each cut.</param>
internal sealed record CapRecord(
    CapPlan Plan,
    IReadOnlyList<IReadOnlyList<CapOperation>> Operations,
    IReadOnlyList<CapPhase> Phases,
    IReadOnlyList<int> Minority,
    IReadOnlyDictionary<(CapLevel Level, CapSide Side), long> Final,
    IReadOnlyDictionary<string, string> Fates,
    IReadOnlyList<(long Accepted, long Applied)> AppliedWhileCut,
    CapTicks Ticks);

/// <summary>
/// The experiment: a cluster of real processes is cut in two twice, the first time with the leader in the smaller part, while one client of each level works on each
/// side. Used once.
/// </summary>
internal sealed class CapRun(CapPlan plan, TextWriter? progress)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>What share of the time each stretch has: whole, cut, whole, cut, whole.</summary>
    private static readonly double[] Shares = [0.15, 0.25, 0.2, 0.25, 0.15];

    private static readonly string[] Names = ["before", "cut with the leader", "between", "cut without it", "after"];

    private readonly HttpClient _http = HttpClients.Create();
    private readonly CapTicks _ticks = new();
    private readonly Stopwatch _watch = new();
    private readonly List<CapPhase> _phases = [];
    private readonly List<(long Accepted, long Applied)> _whileCut = [];

    /// <summary>Makes the experiment.</summary>
    /// <exception cref="LabException">The cluster did not come up, or did not heal.</exception>
    public async Task<CapRecord> RunAsync(CancellationToken cancellation)
    {
        using var system = new RaftStreamSystem { HasFaults = false };
        await using var driver = new ProcessDriver(system, plan.Nodes, plan.Folder, seed: 1);
        foreach (var node in driver.Nodes)
            driver.Start(node);
        var leader = await LeaderAsync(driver, system, cancellation);
        var minority = driver.Nodes.OrderByDescending(node => node == leader).Take(plan.Nodes / 2).ToArray();
        var clients = Clients(driver, minority);
        progress?.WriteLine($"{plan.Nodes} nodes; the smaller part is {string.Join(", ", minority)}, and {leader} leads. {clients.Count} clients.");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _watch.Start();
        Task[] work = [.. clients.Select(client => client.RunAsync(stop.Token))];
        try
        {
            for (var phase = 0; phase < Shares.Length; phase++)
                await PhaseAsync(driver, minority, clients, phase, cancellation);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(work);
        }

        cancellation.ThrowIfCancellationRequested();
        progress?.WriteLine("healed; waiting for what was accepted, and asking what became of what was provisional");
        var majority = Client(driver, driver.Nodes.First(node => !minority.Contains(node)));
        var final = await FinalAsync(majority, clients, cancellation);
        var fates = await FatesAsync(majority, clients, cancellation);
        return new(plan, [.. clients.Select(static client => client.Operations)], _phases, minority, final, fates, _whileCut, _ticks);
    }

    private List<CapClient> Clients(ProcessDriver driver, int[] minority)
    {
        var inside = Client(driver, minority[0]);
        var outside = Client(driver, driver.Nodes.First(node => !minority.Contains(node)));
        var clients = new List<CapClient>();
        foreach (var level in CapLevel.All)
        {
            clients.Add(new(level, CapSide.Majority, [outside], _ticks, () => _watch.Elapsed));
            clients.Add(new(level, CapSide.Minority, [inside], _ticks, () => _watch.Elapsed));
            if (level == CapLevel.Session || level == CapLevel.Eventual)
                clients.Add(new(level, CapSide.Roaming, [outside, inside], _ticks, () => _watch.Elapsed));
        }

        return clients;
    }

    private async Task PhaseAsync(ProcessDriver driver, int[] minority, List<CapClient> clients, int phase, CancellationToken cancellation)
    {
        var isCut = phase % 2 == 1;
        progress?.WriteLine($"{_watch.Elapsed.TotalSeconds,6:0.0} s  {Names[phase]}");
        if (isCut)
            await CutAsync(driver, minority, new LinkFault { Drops = true });
        var from = _watch.Elapsed;
        await Task.Delay(plan.Length * Shares[phase], cancellation);
        _phases.Add(new(Names[phase], from, _watch.Elapsed, isCut));
        if (!isCut)
            return;
        var accepted = clients.Find(static client => client.Level == CapLevel.Available && client.Side == CapSide.Minority)!.Served;
        var majority = Client(driver, driver.Nodes.First(node => !minority.Contains(node)));
        var applied = await ValueAsync(majority, CapClient.KeyOf(CapLevel.Available, CapSide.Minority), cancellation);
        _whileCut.Add((accepted, applied));
        await CutAsync(driver, minority, LinkFault.None);
    }

    private static async Task CutAsync(ProcessDriver driver, int[] minority, LinkFault fault)
    {
        foreach (var inside in minority)
        {
            foreach (var outside in driver.Nodes.Where(node => !minority.Contains(node)))
            {
                await driver.SetLinkAsync(new(inside, outside), fault);
                await driver.SetLinkAsync(new(outside, inside), fault);
            }
        }
    }

    /// <summary>The counters once nothing is to come any more: what was accepted has been applied, and no more than that.</summary>
    private static async Task<Dictionary<(CapLevel, CapSide), long>> FinalAsync(NodeClient node, List<CapClient> clients, CancellationToken cancellation)
    {
        var final = new Dictionary<(CapLevel, CapSide), long>();
        foreach (var client in clients.Where(static client => client.Level.IsWrite))
        {
            var value = await ValueAsync(node, CapClient.KeyOf(client.Level, client.Side), cancellation);
            for (var began = Stopwatch.GetTimestamp(); client.Level == CapLevel.Available && value < client.Served && Stopwatch.GetElapsedTime(began) < Patience;)
            {
                await Task.Delay(Pause, cancellation);
                value = await ValueAsync(node, CapClient.KeyOf(client.Level, client.Side), cancellation);
            }

            final.Add((client.Level, client.Side), value);
        }

        return final;
    }

    private static async Task<Dictionary<string, string>> FatesAsync(NodeClient node, List<CapClient> clients, CancellationToken cancellation)
    {
        var fates = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var position in clients.Where(static client => client.Level == CapLevel.Leader).SelectMany(static client => client.Operations).Select(static operation => operation.Position).OfType<string>())
        {
            var reply = await node.ConfirmAsync(position, CapClient.Patience, cancellation);
            if (reply.Value is { } told)
                fates[position] = told.Outcome;
        }

        return fates;
    }

    private static async Task<long> ValueAsync(NodeClient node, string key, CancellationToken cancellation)
    {
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < Patience; await Task.Delay(Pause, cancellation))
        {
            if ((await node.GetCounterAsync(key, CapClient.Patience, cancellation)).Value is { } counter)
                return counter.Value;
        }

        throw new LabException($"The larger part did not tell the counter {key} within {Patience.TotalSeconds} s: the cluster does not serve.");
    }

    private async Task<int> LeaderAsync(ProcessDriver driver, RaftStreamSystem system, CancellationToken cancellation)
    {
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < Patience; await Task.Delay(Pause, cancellation))
        {
            var views = new List<(int Node, NodeView? View)>();
            foreach (var node in driver.Nodes)
                views.Add((node, await system.LookAsync(driver.LabAddress(node, RaftStreamSystem.ClientPort), cancellation)));
            if (views.TrueForAll(static one => one.View is { Commit: > 0 }) && views.Find(static one => one.View!.IsLeader) is { Node: > 0 } leads)
                return leads.Node;
        }

        throw new LabException($"The cluster did not come up within {Patience.TotalSeconds} s: what its nodes said is in {plan.Folder}.");
    }

    private NodeClient Client(ProcessDriver driver, int node) => new(_http, "http://" + driver.ClientAddress(node, RaftStreamSystem.ClientPort));
}
