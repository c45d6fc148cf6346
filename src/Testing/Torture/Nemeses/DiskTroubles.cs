namespace RaftStream.Testing;

/// <summary>
/// Disks lose power, have no room, are slow, or fail to sync. A node whose disk failed a sync, or has no room for the files that its jobs write, stops by itself and is started again: what it had not
/// acknowledged may be gone, and nothing else.
/// </summary>
/// <param name="name">Its name on the command line.</param>
/// <param name="strike">Does it.</param>
internal sealed class DiskTroubles(string name, Func<Field, SimRandom, Task<Strike?>> strike) : INemesis
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>All kinds.</summary>
    public static IReadOnlyList<DiskTroubles> All { get; } =
        [new("power-cut", CutPowerAsync), new("disk-full", FillAsync), new("disk-slow", SlowAsync), new("sync-error", FailSyncAsync)];

    public string Name => name;

    public string? WhyNot(Field field) => field.HasFaultyNodes ? null : $"The nodes of {field.System.Name} run on real disks, which do not obey.";

    public Task<Strike?> StrikeAsync(Field field, SimRandom random) => strike(field, random);

    private static async Task<Strike?> CutPowerAsync(Field field, SimRandom random)
    {
        var nodes = field.DrawTargets(random).Where(field.Driver.IsRunning).ToList();
        if (nodes.Count == 0)
            return null;
        foreach (var node in nodes)
        {
            var seed = random.Between(1, int.MaxValue);
            await field.SetFaultsAsync(node, faults => faults with { PowerCut = seed });
        }

        var gone = await field.Watch.HoldsAsync(() => nodes.TrueForAll(node => !field.Driver.IsRunning(node)), Patience);

        // At once: whoever starts the node next, for whatever reason, must not find the power failing again.
        foreach (var node in nodes)
            await field.SetFaultsAsync(node, static faults => faults with { PowerCut = 0 });
        return new($"power cut of {string.Join(' ', nodes)}", nodes, () => Restart(field, nodes), () => Task.FromResult(gone));
    }

    /// <summary>Held for long: segments are made before they are needed, so that only the next snapshot, or the segment after the next, wants room.</summary>
    private static Task<Strike?> FillAsync(Field field, SimRandom random) => HoldAsync(
        field, field.DrawTargets(random), "disk full on", TimeSpan.FromSeconds(8), static faults => faults with { IsDiskFull = true }, static faults => faults with { IsDiskFull = false }, static seen => seen.RefusedWrites);

    private static Task<Strike?> SlowAsync(Field field, SimRandom random)
    {
        var slow = random.Between(20, 400);
        return HoldAsync(
            field, field.DrawTargets(random), $"{slow} ms a sync on", TimeSpan.FromSeconds(2), faults => faults with { DiskSlowMs = slow }, static faults => faults with { DiskSlowMs = 0 }, static seen => seen.SlowOperations);
    }

    private static async Task<Strike?> FailSyncAsync(Field field, SimRandom random)
    {
        var nodes = field.DrawTargets(random).Where(field.Driver.IsRunning).ToList();
        if (nodes.Count == 0)
            return null;
        foreach (var node in nodes)
            await field.SetFaultsAsync(node, static faults => faults with { SyncFails = true });
        var stopped = await field.Watch.HoldsAsync(() => nodes.Exists(node => !field.Driver.IsRunning(node)), Patience);
        foreach (var node in nodes)
            await field.SetFaultsAsync(node, static faults => faults with { SyncFails = false });
        return new($"sync error on {string.Join(' ', nodes)}", nodes, () => Restart(field, nodes), () => Task.FromResult(stopped));
    }

    private static Task Restart(Field field, IEnumerable<int> nodes)
    {
        foreach (var node in nodes.Where(node => field.Members.Contains(node) && !field.Driver.IsRunning(node)))
            field.Driver.Start(node);
        return Task.CompletedTask;
    }

    private static async Task<Strike?> HoldAsync(
        Field field, IReadOnlyList<int> nodes, string what, TimeSpan atLeast, Func<NodeFaults, NodeFaults> begin, Func<NodeFaults, NodeFaults> end, Func<NodeFaultsSeen, long> count)
    {
        var before = nodes.ToDictionary(static node => node, node => field.SeenBy(node) is { } seen ? count(seen) : 0);
        foreach (var node in nodes)
            await field.SetFaultsAsync(node, begin);
        return new($"{what} {string.Join(' ', nodes)}", nodes, EndAsync, () => Task.FromResult(nodes.Any(node => field.SeenBy(node) is { } seen && count(seen) > before[node]))) { AtLeast = atLeast };

        async Task EndAsync()
        {
            foreach (var node in nodes)
                await field.SetFaultsAsync(node, end);

            // One that found no room for the files of its jobs has stopped: to start it is the repair.
            await Restart(field, nodes);
        }
    }
}
