using System.Globalization;
using System.Text.Json;
using RaftStream.Testing;

namespace RaftStream.Lab.Check;

/// <summary>What a check prints.</summary>
internal static class CheckText
{
    private const int MaxListed = 10;

    public static void Print(FileCheck check)
    {
        var result = check.Result!;
        var operations = result.Keys.Sum(static key => key.Operations.Count);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{check.File}: {Word(result.Verdict)} ({operations} operations, {result.Keys.Count} keys, {result.Steps} steps, {result.Elapsed.TotalSeconds:0.00} s)"));
        foreach (var key in result.Keys.Where(static key => key.EndedBy is not null).Take(MaxListed))
            Console.WriteLine($"  Key \"{key.Key}\" is undecided: the search ended for want of {key.EndedBy} after {key.Steps} steps.");
        foreach (var key in result.Keys.Where(static key => key.Illegal is not null).Take(MaxListed))
            Print(key, key.Illegal!);
    }

    public static void PrintJson(string model, List<FileCheck> checks, int exitCode) => Console.WriteLine(JsonSerializer.Serialize(
        new
        {
            ok = exitCode == ExitCodes.Fine,
            model,
            files = checks.Select(static check => new
            {
                file = check.File.ToString(),
                verdict = check.Result is null ? "unreadable" : Word(check.Result.Verdict),
                problem = check.Problem,
                operations = check.Result?.Keys.Sum(static key => key.Operations.Count),
                keys = check.Result?.Keys.Count,
                steps = check.Result?.Steps,
                seconds = check.Result is null ? (double?)null : Math.Round(check.Result.Elapsed.TotalSeconds, 3),
                illegal = check.Result?.Keys.Where(static key => key.Illegal is not null).Take(MaxListed).Select(static key => new
                {
                    key = key.Key,
                    explanation = key.Illegal!.ToString(),
                    lastLine = key.Illegal.Last.ReturnLine,
                    isShortest = key.Illegal.IsShortest,
                    unordered = key.Illegal.Unordered.Take(MaxListed).Select(static operation => operation.ToString()),
                }),
                undecided = check.Result?.Keys.Where(static key => key.EndedBy is not null).Take(MaxListed).Select(static key => new { key = key.Key, endedBy = key.EndedBy, steps = key.Steps }),
            }),
        },
        LabJson.Options));

    private static void Print(KeyResult key, IllegalPrefix illegal)
    {
        Console.WriteLine($"  Key \"{key.Key}\": {illegal}");
        foreach (var operation in illegal.Unordered.Take(MaxListed))
            Console.WriteLine($"    cannot be ordered: {operation}");
        if (illegal.Unordered.Count > MaxListed)
            Console.WriteLine($"    and {illegal.Unordered.Count - MaxListed} more");
    }

    private static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Linearizable => "linearizable",
        Verdict.Illegal => "illegal",
        _ => "undecided",
    };
}
