using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RaftStream.Testing;
using Command = System.CommandLine.Command;

namespace RaftStream.Lab.Crashes;

/// <summary><c>raftstream-lab crashes</c>: opens every image that a power cut can leave of recorded disk operations.</summary>
internal static class CrashesCommand
{
    public static Command Create()
    {
        var images = new Option<int>("--images") { Description = "How many different images to open, at the least.", DefaultValueFactory = static _ => 100_000 };
        var seed = new Option<ulong>("--seed") { Description = "What chance begins with.", DefaultValueFactory = static _ => 1 };
        var perPlace = new Option<int>("--per-place") { Description = "About how many images for one place of the trace, 8 to 65536.", DefaultValueFactory = static _ => 128 };
        var json = new Option<bool>("--json") { Description = "Prints one JSON object instead of text." };
        var command = new Command("crashes", "Records what log and snapshots do to a disk and opens every image that a power cut can leave of it.") { images, seed, perPlace, json };
        command.SetAction((parsed, cancellation) => Task.Run(() => Run(
            parsed.GetValue(images), parsed.GetValue(seed), parsed.GetValue(perPlace), parsed.GetValue(json), cancellation)));
        return command;
    }

    private static int Run(int images, ulong seed, int perPlace, bool json, CancellationToken cancellation)
    {
        if (images < 1 || perPlace is < 8 or > 65_536)
        {
            Console.Error.WriteLine(images < 1
                ? $"--images {images} is no number of images: give at least 1."
                : $"--per-place {perPlace} is out of range: give 8 to 65536.");
            return ExitCodes.BadUsage;
        }

        var watch = Stopwatch.StartNew();
        var report = CrashEnumeration.Run(new() { Seed = seed, Images = images, ImagesPerPlace = perPlace }, cancellation);
        if (json)
            PrintJson(report, images, seed, watch.Elapsed);
        else
            PrintText(report, seed, perPlace, watch.Elapsed);
        return report.Violation is not null ? ExitCodes.Violation
            : report.Images < images ? ExitCodes.Undecided : ExitCodes.Fine;
    }

    private static void PrintJson(CrashReport report, int images, ulong seed, TimeSpan elapsed) => Console.WriteLine(JsonSerializer.Serialize(
        new
        {
            ok = report.Violation is null && report.Images >= images,
            seed,
            images = report.Images,
            openings = report.Openings,
            lives = report.Lives,
            operations = report.Operations,
            foundAcknowledged = report.FoundAcknowledged,
            foundWritten = report.FoundWritten,
            tornTails = report.TornTails,
            crashesInRecovery = report.CrashesInRecovery,
            seconds = Math.Round(elapsed.TotalSeconds, 1),
            violation = report.Violation,
        },
        LabJson.Options));

    private static void PrintText(CrashReport report, ulong seed, int perPlace, TimeSpan elapsed)
    {
        foreach (var (count, what) in new[]
        {
            (report.Images, "different images of a disk after a power cut"),
            (report.Openings, "openings, each judged by what had been promised"),
            (report.FoundAcknowledged, "of them found what was acknowledged"),
            (report.FoundWritten, "of them found what was being written"),
            (report.TornTails, "of them cut the remains of a torn write"),
            (report.CrashesInRecovery, "of them came from a crash in recovery"),
            (report.Operations, "operations recorded, with a power cut at each"),
            (report.Lives, "lives of the storage"),
        })
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count,12:N0}  {what}"));
        Console.WriteLine(report.Violation is null
            ? string.Create(CultureInfo.InvariantCulture, $"None is wrong ({elapsed.TotalSeconds:0.0} s).")
            : $"WRONG: {report.Violation}");
        if (report.Violation is not null)
            Console.WriteLine($"Replay: dotnet run -c Release --project tools/Lab -- crashes --seed {seed} --images {report.Images + 1} --per-place {perPlace}");
    }
}
