using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Command = System.CommandLine.Command;

namespace RaftStream.Lab.Pause;

/// <summary>
/// <c>raftstream-lab pause</c>: how long a large counting store stands still while a snapshot of it is taken, written and restored.
/// </summary>
internal static class PauseCommand
{
    private const int MaxKeys = 60_000_000;
    private const int MinKeyBytes = 8;
    private const int MaxKeyBytes = 1_024;

    public static Command Create()
    {
        var keys = new Option<int>("--keys") { Description = $"Counters in the store, 1 to {MaxKeys}.", HelpName = "N", DefaultValueFactory = static _ => 1_000_000 };
        var keyBytes = new Option<int>("--key-bytes") { Description = $"The length of every key in bytes, {MinKeyBytes} to {MaxKeyBytes}.", HelpName = "BYTES", DefaultValueFactory = static _ => 16 };
        var json = new Option<bool>("--json") { Description = "Prints one JSON object instead of text." };
        var command = new Command("pause", "Measures how long a large store stands still while snapshots of it are written to disk, and how long one takes to restore.") { keys, keyBytes, json };
        command.SetAction((parsed, cancellation) => Task.Run(() => Run(parsed.GetValue(keys), parsed.GetValue(keyBytes), parsed.GetValue(json), cancellation), CancellationToken.None));
        return command;
    }

    private static int Run(int keys, int keyBytes, bool json, CancellationToken cancellation)
    {
        if (keys is < 1 or > MaxKeys)
            return Complain($"--keys {keys} is not possible: give 1 to {MaxKeys}.", ExitCodes.BadUsage);
        if (keyBytes is < MinKeyBytes or > MaxKeyBytes)
            return Complain($"--key-bytes {keyBytes} is not possible: give {MinKeyBytes} to {MaxKeyBytes} bytes.", ExitCodes.BadUsage);
        if ((long)keys * keyBytes > 1L << 30)
            return Complain($"--keys {keys} of --key-bytes {keyBytes} are more than the 1 GiB of keys that a store takes: give less.", ExitCodes.BadUsage);
        var folder = Directory.CreateTempSubdirectory("raftstream-pause-");
        try
        {
            using var run = new PauseRun(keys, keyBytes, folder.FullName);
            var report = run.Run(cancellation);
            Console.WriteLine(json ? JsonSerializer.Serialize(report, LabJson.Options) : Text(report));
            return report.Verified ? ExitCodes.Fine : ExitCodes.Violation;
        }
        catch (OperationCanceledException)
        {
            return Complain("Stopped by a signal before the end.", ExitCodes.Undecided);
        }
        catch (IOException failure)
        {
            return Complain(failure.Message, ExitCodes.Internal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Text(PauseReport report) => string.Create(CultureInfo.InvariantCulture, $"""
        {report.Keys:N0} keys of {report.KeyBytes} bytes, a snapshot of {report.SnapshotBytes / 1e6:N1} MB, {report.BytesPerKey:N1} bytes of memory a key
        capture: {report.Capture}
        batch of {PauseRun.BatchCommands} while a view is written: {report.Batch}
        batch while there is none: {report.QuietBatch}
        batch while filling: {report.FillBatch}
        piece of a view: {report.Piece}
        garbage collection: longest pause {report.LongestGcMs:N2} ms, {report.GcMs:N1} ms in all
        {report.Capture.Count} snapshots beside {report.CommandsPerSecond:N0} commands/s: written in {report.LongestWriteSeconds:N2} s at most; restored in {report.RestoreSeconds:N2} s
        memory: {report.FilledBytes / 1e6:N0} MB filled, {report.PeakBytes / 1e6:N0} MB at most before the restore, {report.RestorePeakBytes / 1e6:N0} MB with both stores
        total {report.TotalSeconds:N1} s, restored state {(report.Verified ? "equal" : "NOT equal")}
        """);

    private static int Complain(string sentence, int exitCode)
    {
        Console.Error.WriteLine("raftstream-lab: " + sentence);
        return exitCode;
    }
}
