using System.Globalization;
using Spectre.Console;

namespace RaftStream.Node.Demo;

/// <summary>What a person sees of the demo: a progress bar on a terminal, plain lines elsewhere, nothing with --json.</summary>
internal sealed class DemoView
{
    private readonly bool _silent;
    private readonly bool _bar;
    private ProgressTask? _task;
    private int _tenth;

    private DemoView(bool silent)
    {
        _silent = silent;
        _bar = !silent && !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Interactive;
    }

    /// <summary>A view of standard output.</summary>
    public static DemoView Create(bool silent) => new(silent);

    /// <summary>Does the work with a progress bar, if there is one.</summary>
    public async Task DuringAsync(Func<Task> work)
    {
        if (!_bar)
        {
            await work();
            return;
        }
        await AnsiConsole.Progress().AutoClear(true).StartAsync(async context =>
        {
            _task = context.AddTask("counting", maxValue: 1);
            await work();
            _task = null;
        });
    }

    /// <summary>Says one thing.</summary>
    public void Line(string text)
    {
        if (_silent)
            return;
        if (_bar)
            AnsiConsole.MarkupLine(Markup.Escape(text));
        else
            Console.Out.WriteLine(text);
    }

    /// <summary>How far it is, from 0 to 1.</summary>
    public void Progress(double fraction, long words)
    {
        if (_task is { } task)
        {
            task.Value = fraction;
            task.Description = string.Create(CultureInfo.InvariantCulture, $"{words:N0} words");
            return;
        }
        var tenth = (int)(fraction * 10);
        if (tenth <= _tenth)
            return;
        _tenth = tenth;
        Line(string.Create(CultureInfo.InvariantCulture, $"{tenth * 10,4} %  {words:N0} words committed"));
    }

    /// <summary>The result.</summary>
    public void Show(DemoReport report)
    {
        if (_silent)
        {
            Console.Out.WriteLine(report.ToJson());
            return;
        }
        ShowTop(report);
        foreach (var (name, value) in Facts(report))
            Line($"{name,-22}{value}");
        Line(report.Ok ? "Everything is as it must be." : "Something is wrong: see the lines above.");
    }

    private void ShowTop(DemoReport report)
    {
        const int Shown = 10;
        if (_bar)
        {
            var table = new Table().AddColumn("word").AddColumn(new TableColumn("count").RightAligned());
            foreach (var row in report.Top.Take(Shown))
                table.AddRow(Markup.Escape(row.Word), row.Count.ToString("N0", CultureInfo.InvariantCulture));
            AnsiConsole.Write(table);
            return;
        }
        foreach (var row in report.Top.Take(Shown))
            Line(string.Create(CultureInfo.InvariantCulture, $"{row.Count,12:N0}  {row.Word}"));
    }

    private static IEnumerable<(string Name, string Value)> Facts(DemoReport report)
    {
        yield return ("words", Text($"{report.Total:N0}, {report.Distinct:N0} of them different, {report.DeadLetters:N0} too long and set aside"));
        yield return ("independent count", Text($"{(report.EqualsReference ? "equal" : "DIFFERENT")} ({report.WordsCompared:N0} words compared one by one)"));
        yield return ("replicas", report.ReplicasAgree ? $"all {report.Nodes} have the state {report.StateHash}" : "DIFFERENT, or one did not catch up");
        if (report.LeaderKilled)
        {
            yield return ("election", Text($"{report.ElectionMs:0} ms from the kill to a leader that takes work"));
            yield return ("longest gap", Text($"{report.GapMs:0} ms without a new commit"));
            yield return ("restarted node", Text($"caught up {report.RestartMs:0} ms after the start of its process"));
        }
        var pace = report.PacedBytesPerSecond is { } paced ? Text($"; the source was paced to {paced:N0} bytes/s, so this is no measure of speed") : "";
        yield return ("records/s", Text($"{report.RecordsPerSecond:N0} over all{pace}"));
        if (report.FaultToleranceRatio is { } ratio)
            yield return ("after/before failure", Text($"{ratio:0.00} ({report.RecordsPerSecondAfter:N0} / {report.RecordsPerSecondBefore:N0} records/s)"));
        if (report.PeakNodeMemoryBytes is { } peak)
            yield return ("largest node", Text($"{peak / 1048576.0:N0} MiB resident at most"));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
