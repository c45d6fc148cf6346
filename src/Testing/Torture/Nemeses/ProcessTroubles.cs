namespace RaftStream.Testing;

/// <summary>Processes end, again and again or one after the other, or stand still for longer than any lease.</summary>
/// <param name="name">Its name on the command line.</param>
/// <param name="strike">Does it.</param>
internal sealed class ProcessTroubles(string name, Func<Field, SimRandom, Task<Strike?>> strike) : INemesis
{
    private static readonly TimeSpan ReadyPatience = TimeSpan.FromSeconds(20);

    /// <summary>All kinds.</summary>
    public static IReadOnlyList<ProcessTroubles> All { get; } =
        [new("kill", KillAsync), new("restart-storm", RestartStormAsync), new("rolling-restart", RollingRestartAsync), new("pause", PauseAsync)];

    public string Name => name;

    public string? WhyNot(Field field) => null;

    public Task<Strike?> StrikeAsync(Field field, SimRandom random) => strike(field, random);

    /// <summary>kill -9: what the system has in its caches survives.</summary>
    private static async Task<Strike?> KillAsync(Field field, SimRandom random)
    {
        var nodes = Running(field, field.DrawTargets(random));
        await Task.WhenAll(nodes.Select(field.Driver.KillAsync));
        var gone = nodes.Count > 0 && nodes.TrueForAll(node => !field.Driver.IsRunning(node));
        return new($"kill {Text(nodes)}", nodes, () => Start(field, nodes), () => Task.FromResult(gone));
    }

    /// <summary>Killed as soon as it has come up, and once more.</summary>
    private static async Task<Strike?> RestartStormAsync(Field field, SimRandom random)
    {
        var nodes = field.Shuffled(random)[..random.Between(1, field.Members.Count)];
        var times = random.Between(3, 8);
        var kills = 0;
        for (var time = 0; time < times; time++)
        {
            foreach (var node in nodes.Where(field.Driver.IsRunning))
            {
                await field.Driver.KillAsync(node);
                kills++;
            }

            await Start(field, nodes);
            await Task.Delay(random.Between(20, 1200));
        }

        return new($"{kills} kills of {Text(nodes)}", nodes, static () => Task.CompletedTask, () => Task.FromResult(kills > 1)) { IsOver = true };
    }

    /// <summary>As for an upgrade: each node is stopped cleanly and comes back before the next one goes.</summary>
    private static async Task<Strike?> RollingRestartAsync(Field field, SimRandom random)
    {
        var restarted = new List<int>();
        foreach (var node in Running(field, field.Shuffled(random)))
        {
            await field.Driver.StopAsync(node);
            field.Driver.Start(node);
            if (await field.Watch.HoldsAsync(() => field.Watch.ViewOf(node) is not null && field.Watch.Leader is not null, ReadyPatience))
                restarted.Add(node);
        }

        return new($"restart of {Text(restarted)} in turn", restarted, static () => Task.CompletedTask, () => Task.FromResult(restarted.Count > 0)) { IsOver = true };
    }

    /// <summary>SIGSTOP: a leader wakes up believing what it believed when it fell asleep.</summary>
    private static async Task<Strike?> PauseAsync(Field field, SimRandom random)
    {
        var nodes = Running(field, field.DrawTargets(random));
        foreach (var node in nodes)
            field.Driver.Pause(node, isPaused: true);
        var silent = nodes.Count > 0 && await field.Watch.HoldsAsync(() => nodes.TrueForAll(node => field.Watch.ViewOf(node) is null), TimeSpan.FromSeconds(3));
        return new($"pause {Text(nodes)}", nodes, Continue, () => Task.FromResult(silent)) { AtLeast = TimeSpan.FromSeconds(1) };

        Task Continue()
        {
            foreach (var node in nodes)
                field.Driver.Pause(node, isPaused: false);
            return Task.CompletedTask;
        }
    }

    private static Task Start(Field field, IEnumerable<int> nodes)
    {
        foreach (var node in nodes.Where(node => field.Members.Contains(node) && !field.Driver.IsRunning(node)))
            field.Driver.Start(node);
        return Task.CompletedTask;
    }

    private static List<int> Running(Field field, IEnumerable<int> nodes) => [.. nodes.Where(field.Driver.IsRunning)];

    private static string Text(IEnumerable<int> nodes) => string.Join(' ', nodes);
}
