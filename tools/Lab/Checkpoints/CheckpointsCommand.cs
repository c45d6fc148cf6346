using System.CommandLine;
using System.Text.Json;
using Command = System.CommandLine.Command;

namespace RaftStream.Lab.Checkpoints;

/// <summary>
/// <c>raftstream-lab checkpoints</c>: what the second snapshot of a state costs of which a little has changed, beside one that finds nothing to share.
/// </summary>
internal static class CheckpointsCommand
{
    private const int MaxMegabytes = 4_000;

    public static Command Create()
    {
        var megabytes = new Option<int>("--megabytes") { Description = $"The size of the state, 10 to {MaxMegabytes}.", HelpName = "N", DefaultValueFactory = static _ => 200 };
        var json = new Option<bool>("--json") { Description = "Prints one JSON object a line instead of text." };
        var command = new Command("checkpoints", "Measures what a snapshot writes and how long it takes when 1 % of the state has changed since the last one, in one place, in many, or everywhere.") { megabytes, json };
        command.SetAction((parsed, cancellation) => Task.Run(() => Run(parsed.GetValue(megabytes), parsed.GetValue(json), cancellation), CancellationToken.None));
        return command;
    }

    private static int Run(int megabytes, bool json, CancellationToken cancellation)
    {
        if (megabytes is < 10 or > MaxMegabytes)
            return Complain($"--megabytes {megabytes} is not possible: give 10 to {MaxMegabytes}.", ExitCodes.BadUsage);
        var folder = Directory.CreateTempSubdirectory("raftstream-checkpoints-");
        try
        {
            foreach (var change in Enum.GetValues<StateChange>())
            {
                cancellation.ThrowIfCancellationRequested();
                var figures = CheckpointsRun.Run(megabytes, change, Path.Combine(folder.FullName, change.ToString()));
                Console.WriteLine(json ? JsonSerializer.Serialize(figures, LabJson.Options) : figures.ToText());
                if (!figures.Verified)
                    return ExitCodes.Violation;
            }

            return ExitCodes.Fine;
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

    private static int Complain(string sentence, int code)
    {
        Console.Error.WriteLine(sentence);
        return code;
    }
}
