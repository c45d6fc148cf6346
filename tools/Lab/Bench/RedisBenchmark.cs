using System.Diagnostics;
using System.Globalization;
using System.Net;
using RaftStream.Node.Commands;
using RaftStream.Testing;

namespace RaftStream.Lab.Bench;

/// <summary>What redis-benchmark tells of one command.</summary>
/// <param name="Command">Its name.</param>
/// <param name="PerSecond">Commands a second.</param>
/// <param name="P50Ms">Half were answered within, in milliseconds.</param>
/// <param name="P99Ms">All but one of a hundred were.</param>
internal sealed record RedisBenchmarkLine(string Command, double PerSecond, double P50Ms, double P99Ms);

/// <summary>Runs redis-benchmark, as the machine's packages have it, and reads what it prints.</summary>
internal static class RedisBenchmark
{
    private const string Program = "redis-benchmark";
    private const string Commands = "set,get,incr,mset";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>In one sentence why it cannot run here; null if it can.</summary>
    public static string? WhyNot() => ChildStarter.Find(Program) is null ? "--resp needs redis-benchmark, which is not on the path: install the package redis-tools." : null;

    /// <summary>Measures SET, GET, INCR and MSET at one server.</summary>
    /// <exception cref="UndecidedException">It ended without figures, the server answered with errors, or it took more than five minutes.</exception>
    public static async Task<IReadOnlyList<RedisBenchmarkLine>> RunAsync(string address, int connections, int keys, int requests, int pipeline, CancellationToken cancellationToken)
    {
        // -e: versions before 7 would count errors as answers and say nothing.
        var server = IPEndPoint.Parse(address);
        string[] arguments =
        [
            "-h", server.Address.ToString(), "-p", Text(server.Port), "-c", Text(connections), "-r", Text(keys), "-n", Text(requests), "-P", Text(pipeline), "-t", Commands, "-e", "--csv",
        ];
        var start = new ProcessStartInfo(Program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode == 0
                ? Read(await output, await error, address)
                : throw new UndecidedException($"redis-benchmark at {address} ended with exit code {process.ExitCode}: {(await output + await error).ReplaceLineEndings(" ").Trim()}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UndecidedException($"redis-benchmark at {address} had not ended after {Patience.TotalMinutes:0} minutes: there are no figures.");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    /// <summary>Reads its lines of comma-separated values; a heading says which is which.</summary>
    /// <exception cref="UndecidedException">There is an error among them, or not what belongs there.</exception>
    public static IReadOnlyList<RedisBenchmarkLine> Read(string output, string error, string address)
    {
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (Array.Find([.. lines, .. error.Split('\n')], static line => line.StartsWith("Error", StringComparison.Ordinal)) is { } problem)
            throw new UndecidedException($"redis-benchmark at {address} tells of an error, so there are no figures: {problem.Trim()}");
        var heading = Array.FindIndex(lines, static line => line.StartsWith("\"test\"", StringComparison.Ordinal));
        if (heading < 0 || heading == lines.Length - 1)
            throw new UndecidedException($"redis-benchmark at {address} printed no figures: it must be of version 6.2 or later. {error.Trim()}");
        var names = Words(lines[heading]);
        return [.. lines.Skip(heading + 1).Select(line => Line(names, Words(line)))];
    }

    private static RedisBenchmarkLine Line(string[] names, string[] words)
    {
        if (words.Length != names.Length)
            throw new UndecidedException($"redis-benchmark printed a line with {words.Length} values, and its heading has {names.Length}.");
        return new(words[0].Split(' ')[0], Figure("rps"), Figure("p50_latency_ms"), Figure("p99_latency_ms"));

        double Figure(string name) => Array.IndexOf(names, name) is var place and >= 0 && double.TryParse(words[place], NumberStyles.Float, CultureInfo.InvariantCulture, out var figure)
            ? figure
            : throw new UndecidedException($"redis-benchmark printed no {name}: it must be of version 6.2 or later.");
    }

    // No value has a comma or a quote in it.
    private static string[] Words(string line) => [.. line.Split(',').Select(static word => word.Trim('"'))];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
