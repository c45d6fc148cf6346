using System.CommandLine;
using RaftStream.Node.Commands;
using Command = System.CommandLine.Command;

namespace RaftStream.Lab.Fuzz;

/// <summary>What the fuzzer was asked for.</summary>
/// <param name="Frames">How many frames to send.</param>
/// <param name="Seed">Where all chance comes from.</param>
/// <param name="Limit">When to stop though frames are left, or null.</param>
/// <param name="Json">One JSON object instead of text.</param>
internal sealed record FuzzPlan(long Frames, int Seed, TimeSpan? Limit, bool Json);

/// <summary><c>raftstream-lab fuzz</c>: sends random and mutated frames, or inputs of its clients' ports, to a live node and requires that it lives on.</summary>
internal static class FuzzCommand
{
    private const long DefaultCount = 1_000_000;
    private const long MaxFrames = 10_000_000_000;
    private const int MaxSeconds = 7 * 24 * 3600;

    public static Command Create()
    {
        var frames = new Option<long?>("--frames") { Description = $"How many frames to send as other members, 1000 to {MaxFrames} (default {DefaultCount}).", HelpName = "N" };
        var inputs = new Option<long?>("--inputs") { Description = $"How many inputs to send to the ports of clients instead, 1000 to {MaxFrames} (default {DefaultCount}).", HelpName = "N" };
        var ports = new Option<string?>("--ports") { Description = "To which of them: resp, http and client, with commas between (default: all).", HelpName = "P,P" };
        var seed = new Option<int>("--seed") { Description = "Where all chance comes from. What the node does in between is its own, so a run is not repeated to the byte.", HelpName = "S", DefaultValueFactory = static _ => 1 };
        var seconds = new Option<int?>("--seconds") { Description = $"Stop after this time though frames are left, 1 to {MaxSeconds}.", HelpName = "T" };
        var json = new Option<bool>("--json") { Description = "Prints one JSON object at the end instead of text." };
        var command = new Command("fuzz", "Plays two members of three against a live node, with mutated, spliced, truncated and lying frames: it must neither crash nor grow. With --inputs or --ports it is a node alone, and requests over HTTP, of Redis and of the client protocol.") { frames, inputs, ports, seed, seconds, json };
        command.SetAction((parsed, cancellation) => parsed.GetValue(inputs) is null && parsed.GetValue(ports) is null
            ? RunAsync(parsed.GetValue(frames) ?? DefaultCount, parsed.GetValue(seed), parsed.GetValue(seconds), parsed.GetValue(json), cancellation)
            : RunPortsAsync(parsed.GetValue(frames), parsed.GetValue(inputs) ?? DefaultCount, parsed.GetValue(ports), parsed.GetValue(seed), parsed.GetValue(seconds), parsed.GetValue(json), cancellation));
        return command;
    }

    private static async Task<int> RunPortsAsync(long? frames, long inputs, string? ports, int seed, int? seconds, bool json, CancellationToken cancellation)
    {
        if (frames is not null)
            return Refuse("--frames plays members and --inputs clients: give one of them.");
        if (inputs is < 1000 or > MaxFrames)
            return Refuse($"--inputs {inputs} is out of range: give 1000 to {MaxFrames}.");
        if (seconds is < 1 or > MaxSeconds)
            return Refuse($"--seconds {seconds} is out of range: give 1 to {MaxSeconds}.");
        string[] names = ports is null ? [.. PortNames.All] : [.. ports.Split(',', StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal)];
        if (names.Except(PortNames.All, StringComparer.Ordinal).Any())
            return Refuse($"--ports {ports} is not possible: give {string.Join(", ", PortNames.All)}, with commas between.");
        var folder = Directory.CreateTempSubdirectory("raftstream-fuzz-");
        try
        {
            var plan = new PortFuzzPlan(inputs, names, seed, seconds is { } limit ? TimeSpan.FromSeconds(limit) : null, json);
            var report = await PortFuzzRun.RunAsync(plan, folder.FullName, cancellation);
            PortFuzzText.Print(plan, report);
            return report.ExitCode;
        }
        catch (UndecidedException undecided)
        {
            await Console.Error.WriteLineAsync(undecided.Message);
            return ExitCodes.Undecided;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Stopped by a signal before the node ran.");
            return ExitCodes.Undecided;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<int> RunAsync(long frames, int seed, int? seconds, bool json, CancellationToken cancellation)
    {
        if (frames is < 1000 or > MaxFrames)
            return Refuse($"--frames {frames} is out of range: give 1000 to {MaxFrames}.");
        if (seconds is < 1 or > MaxSeconds)
            return Refuse($"--seconds {seconds} is out of range: give 1 to {MaxSeconds}.");
        var folder = Directory.CreateTempSubdirectory("raftstream-fuzz-");
        try
        {
            var plan = new FuzzPlan(frames, seed, seconds is { } limit ? TimeSpan.FromSeconds(limit) : null, json);
            var report = await FuzzRun.RunAsync(plan, folder.FullName, cancellation);
            FuzzText.Print(plan, report);
            return report.IsClean ? ExitCodes.Fine : ExitCodes.Violation;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static int Refuse(string problem)
    {
        Console.Error.WriteLine(problem);
        return ExitCodes.BadUsage;
    }
}
