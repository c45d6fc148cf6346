using System.Globalization;
using RaftStream.Testing;

namespace RaftStream.Lab.Torture;

/// <summary>From the command's arguments to a run and its report.</summary>
internal static class TortureSession
{
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(2);

    /// <summary>Makes the run, and writes its folder; <paramref name="progress"/> is told how it goes, null: nobody is.</summary>
    /// <exception cref="TortureException">It cannot be made: one sentence.</exception>
    /// <exception cref="ArgumentException">A workload is unknown, or the system cannot do it: one sentence.</exception>
    public static async Task<(RunRecord Run, string Folder)> RunAsync(TortureArguments arguments, TextWriter? progress, CancellationToken cancellation)
    {
        var folder = Folder(arguments);
        var system = TestedSystems.Create(arguments.System);
        using var admin = TestedSystems.MembersOf(arguments.System);
        await using var driver = Driver(arguments, system, folder);
        await using var end = new SystemEnd(system);
        var run = new TortureRun(system, driver, admin, new()
        {
            Nodes = arguments.Nodes,
            Time = TimeSpan.FromSeconds(arguments.Seconds),
            Seed = arguments.Seed,
            Folder = folder,
            Command = arguments.CommandLine,
            Nemeses = arguments.Nemeses,
            IsCalm = arguments.IsCalm,
            MustStrikeAll = arguments.MustStrikeAll,
            HasFaultyNodes = system is RaftStreamSystem,
            Load = new() { Seed = arguments.Seed, Clients = arguments.Clients, Rate = arguments.Rate, Workloads = arguments.Workloads, Folder = folder },
        });
        var under = run.RunAsync(cancellation);
        await TellAsync(run, under, progress);
        var record = await under;
        RunReport.Write(record, folder);
        RunIndex.Write(arguments.Out);
        return (record, folder);
    }

    /// <summary>Disposes a system that wants it, after all that uses it.</summary>
    private sealed class SystemEnd(ITestedSystem system) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            if (system is IAsyncDisposable later)
                await later.DisposeAsync();
            else if (system is IDisposable now)
                now.Dispose();
        }
    }

    private static IClusterDriver Driver(TortureArguments arguments, ITestedSystem system, string folder)
    {
        try
        {
            return ClusterDrivers.Create(arguments.Driver, system, arguments.Nodes, folder, arguments.Seed);
        }
        catch (InvalidOperationException refused)
        {
            throw new TortureException(refused.Message, refused);
        }
    }

    private static string Folder(TortureArguments arguments)
    {
        var name = arguments.FolderName ?? string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.UtcNow:yyyyMMdd-HHmmss}-{arguments.System}-{arguments.Driver}-{arguments.Nodes}-{arguments.Seed}");
        try
        {
            return Directory.CreateDirectory(Path.Combine(arguments.Out, name)).FullName;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new TortureException($"--out {arguments.Out} cannot be written: {refused.Message}", refused);
        }
    }

    /// <summary>A line every two seconds until the run ends.</summary>
    private static async Task TellAsync(TortureRun run, Task under, TextWriter? progress)
    {
        using var timer = new PeriodicTimer(TellEvery);
        var told = false;
        while (!under.IsCompleted)
        {
            var tick = timer.WaitForNextTickAsync(CancellationToken.None).AsTask();
            if (await Task.WhenAny(under, tick) == under || progress is null)
                continue;
            var (phase, load, fault) = run.Progress;
            if (!told && run.LeftOut.Count > 0)
                await progress.WriteLineAsync("Left out: " + string.Join(' ', run.LeftOut));
            told |= phase != "starting";
            await progress.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"{phase,-12} {load.PerSecond,7:N0}/s  ok {load.Ok:N0}  failed {load.Failed:N0}  unknown {load.Unknown:N0}  {fault}"));
        }
    }
}
