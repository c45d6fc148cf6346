using System.CommandLine;
using System.Text;
using RaftStream.Testing;
using Command = System.CommandLine.Command;

namespace RaftStream.Lab.Check;

/// <summary><c>raftstream-lab check</c>: says whether recorded histories are linearizable.</summary>
internal static class CheckCommand
{
    private const int MaxSeconds = 7 * 24 * 3600;

    public static Command Create()
    {
        var files = new Argument<FileInfo[]>("FILE") { Description = "Histories: JSON lines or Jepsen's EDN.", Arity = ArgumentArity.OneOrMore };
        var model = new Option<string>("--model") { Description = "What each key is: register, counter, kv, append, set or mutex.", Required = true };
        var time = new Option<double>("--time") { Description = "Seconds that one file may take; undecided when they are over.", DefaultValueFactory = static _ => 30 };
        var html = new Option<FileInfo?>("--html") { Description = "Draws the histories, illegal ones from their beginning to what cannot be explained, in this file." };
        var json = new Option<bool>("--json") { Description = "Prints one JSON object instead of text." };
        var command = new Command("check", "Checks whether histories are linearizable. Exit code 0: all are; 1: one is not; 2: undecided; 64: one cannot be read.") { files, model, time, html, json };
        command.SetAction((parsed, cancellation) => Task.Run(() => Run(
            parsed.GetRequiredValue(files), parsed.GetRequiredValue(model), parsed.GetValue(time), parsed.GetValue(html), parsed.GetValue(json), cancellation)));
        return command;
    }

    private static int Run(FileInfo[] files, string name, double seconds, FileInfo? html, bool json, CancellationToken cancellation)
    {
        if (!ModelRules.TryParse(name, out HistoryModel model))
            return Refuse($"--model {name} is unknown: give register, counter, kv, append, set or mutex.");
        if (seconds is not (> 0 and <= MaxSeconds))
            return Refuse($"--time {seconds} is out of range: give more than 0 and at most {MaxSeconds} seconds.");
        var bounds = new CheckBounds { Time = TimeSpan.FromSeconds(seconds) };
        var checks = new List<FileCheck>();
        foreach (var file in files)
        {
            var check = Check(file, model, bounds, cancellation);
            checks.Add(check);
            if (check.Problem is not null)
                Console.Error.WriteLine(check.Problem);
            else if (!json)
                CheckText.Print(check);
        }
        if (json)
            CheckText.PrintJson(name, checks, ExitCodeOf(checks));
        return html is not null && Draw(html, checks) is { } problem ? Refuse(problem) : ExitCodeOf(checks);
    }

    // A file that cannot be read outweighs all: nothing is known of it.
    private static int ExitCodeOf(List<FileCheck> checks) =>
        checks.Exists(static check => check.Problem is not null) ? ExitCodes.BadUsage
        : checks.Exists(static check => check.Result!.Verdict == Verdict.Illegal) ? ExitCodes.Violation
        : checks.Exists(static check => check.Result!.Verdict == Verdict.Undecided) ? ExitCodes.Undecided : ExitCodes.Fine;

    private static FileCheck Check(FileInfo file, HistoryModel model, CheckBounds bounds, CancellationToken cancellation)
    {
        try
        {
            using var text = new StreamReader(file.FullName, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
            return new(file, LinearizabilityChecker.Check(HistoryReader.Read(text, model), model, bounds, cancellation), null);
        }
        catch (HistoryFormatException problem)
        {
            return new(file, null, $"{file}: {problem.Message}");
        }
        catch (DecoderFallbackException)
        {
            return new(file, null, $"{file} is no text in UTF-8: give a history of JSON lines or EDN.");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return new(file, null, $"{file} cannot be read: {problem.Message}");
        }
    }

    private static string? Draw(FileInfo html, List<FileCheck> checks)
    {
        try
        {
            File.WriteAllText(html.FullName, HistoryPicture.ToHtml([.. checks.Where(static check => check.Result is not null).Take(MaxSections)
                .Select(static check => new PictureSection(check.File.ToString(), check.Result!))]));
            return null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return $"--html {html} cannot be written: {problem.Message}";
        }
    }

    /// <summary>Files drawn in one page.</summary>
    private const int MaxSections = 100;

    private static int Refuse(string problem)
    {
        Console.Error.WriteLine(problem);
        return ExitCodes.BadUsage;
    }
}

/// <summary>What became of a file.</summary>
/// <param name="File">The file.</param>
/// <param name="Result">The verdict; null if it could not be read.</param>
/// <param name="Problem">Why it could not be read; null if it could.</param>
internal sealed record FileCheck(FileInfo File, CheckResult? Result, string? Problem);
