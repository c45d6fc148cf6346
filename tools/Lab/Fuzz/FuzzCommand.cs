using System.CommandLine;
using Command = System.CommandLine.Command;

namespace RaftStream.Lab.Fuzz;

/// <summary>What the fuzzer was asked for.</summary>
/// <param name="Frames">How many frames to send.</param>
/// <param name="Seed">Where all chance comes from.</param>
/// <param name="Limit">When to stop though frames are left, or null.</param>
/// <param name="Json">One JSON object instead of text.</param>
internal sealed record FuzzPlan(long Frames, int Seed, TimeSpan? Limit, bool Json);

/// <summary><c>raftstream-lab fuzz</c>: sends random and mutated frames to a live node and requires that it lives on.</summary>
internal static class FuzzCommand
{
    private const long MaxFrames = 10_000_000_000;
    private const int MaxSeconds = 7 * 24 * 3600;

    public static Command Create()
    {
        var frames = new Option<long>("--frames") { Description = $"How many frames to send, 1000 to {MaxFrames}.", HelpName = "N", DefaultValueFactory = static _ => 1_000_000 };
        var seed = new Option<int>("--seed") { Description = "Where all chance comes from. What the node does in between is its own, so a run is not repeated to the byte.", HelpName = "S", DefaultValueFactory = static _ => 1 };
        var seconds = new Option<int?>("--seconds") { Description = $"Stop after this time though frames are left, 1 to {MaxSeconds}.", HelpName = "T" };
        var json = new Option<bool>("--json") { Description = "Prints one JSON object at the end instead of text." };
        var command = new Command("fuzz", "Plays two members of three against a live node, with mutated, spliced, truncated and lying frames: it must neither crash nor grow.") { frames, seed, seconds, json };
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(frames), parsed.GetValue(seed), parsed.GetValue(seconds), parsed.GetValue(json), cancellation));
        return command;
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
