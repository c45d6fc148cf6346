using System.CommandLine;
using System.Globalization;
using Command = System.CommandLine.Command;

namespace RaftStream.Lab.Cap;

/// <summary><c>raftstream-lab cap</c>: what each consistency level gives up and keeps while a cluster is cut in two, measured.</summary>
internal static class CapCommand
{
    private const double LeastSeconds = 20;
    private const double MostSeconds = 3_600;

    private static readonly Option<int> Nodes = new("--nodes") { Description = "Nodes of the cluster: 3 or 5.", DefaultValueFactory = static _ => 3 };
    private static readonly Option<double> Seconds = new("--seconds") { Description = "How long clients work: 20 to 3600; half of it the cluster is in two parts.", DefaultValueFactory = static _ => 60 };
    private static readonly Option<DirectoryInfo> Output = new("--out") { Description = "The folder for index.html, cap.json and what the nodes said.", DefaultValueFactory = static _ => new("cap") };
    private static readonly Option<bool> Json = new("--json") { Description = "Prints cap.json instead of text." };

    public static Command Create()
    {
        var command = new Command("cap", "Cuts a real cluster in two while one client of each consistency level works on each side, and shows what each level keeps and gives up. Exit code 0: every promise was kept and every trade-off was seen; 1: a promise was broken; 2: a trade-off was not seen.")
        {
            Nodes, Seconds, Output, Json,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var (nodes, seconds, json) = (parsed.GetValue(Nodes), parsed.GetValue(Seconds), parsed.GetValue(Json));
        if (nodes is not (3 or 5))
            return Complain(string.Create(CultureInfo.InvariantCulture, $"--nodes {nodes} is not possible: give 3 or 5."), ExitCodes.BadUsage);
        if (!(seconds >= LeastSeconds && seconds <= MostSeconds))
            return Complain(string.Create(CultureInfo.InvariantCulture, $"--seconds {seconds} is not possible: give {LeastSeconds} to {MostSeconds}."), ExitCodes.BadUsage);
        try
        {
            var root = Directory.CreateDirectory(parsed.GetRequiredValue(Output).FullName).FullName;
            var folder = Path.Combine(root, $"run-{Guid.NewGuid():N}");
            var run = await new CapRun(new(nodes, TimeSpan.FromSeconds(seconds), folder), json ? null : Console.Out).RunAsync(cancellation);
            var scores = CapScores.Of(run);
            var claims = CapVerdict.Of(scores);
            var text = CapText.Json(run, scores, claims);
            await File.WriteAllTextAsync(Path.Combine(root, "cap.json"), text, CancellationToken.None);
            await File.WriteAllTextAsync(Path.Combine(root, "index.html"), CapPage.Of(run, scores, claims), CancellationToken.None);
            Directory.Delete(folder, recursive: true);
            Console.Out.WriteLine(json ? text : CapText.Of(run, scores, claims) + Environment.NewLine + Path.Combine(root, "index.html"));
            return CapVerdict.ExitCode(claims);
        }
        catch (Exception refused) when (refused is LabException or IOException or UnauthorizedAccessException)
        {
            return Complain(refused.Message, ExitCodes.Undecided);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return Complain("Stopped by a signal before the end: nothing is claimed.", ExitCodes.Undecided);
        }
    }

    private static int Complain(string sentence, int code)
    {
        Console.Error.WriteLine("raftstream-lab: " + sentence);
        return code;
    }
}
