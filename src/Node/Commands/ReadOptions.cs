using System.CommandLine;
using System.Globalization;
using RaftStream.Hosting.Http;

namespace RaftStream.Node.Commands;

/// <summary>How consistent the reads of the commands are: options that all of them take, and what an answer tells of it.</summary>
internal static class ReadOptions
{
    /// <summary>The level.</summary>
    public static readonly Option<string?> Consistency = new("--consistency")
    {
        Description = "linearizable (default), lease, bounded, session, eventual or, for get, tentative; the last four are served by the node that is asked, cut off or not.",
        HelpName = "LEVEL",
    };

    /// <summary>The bound of a bounded read.</summary>
    public static readonly Option<string?> MaxAge = new("--max-age-ms")
    {
        Description = $"With bounded: how old the answer may be, 1 to {ReadLevel.MostAgeMs} ms.",
        HelpName = "MS",
    };

    /// <summary>What a session read must have seen.</summary>
    public static readonly Option<string?> Token = new("--token")
    {
        Description = "With session: the token of an earlier answer, such as 0@57.",
        HelpName = "TOKEN",
    };

    /// <summary>The level that the command line asks for; null where it says nothing.</summary>
    /// <exception cref="UsageException">Its parts do not go together.</exception>
    public static ReadLevel? Level(ParseResult parsed)
    {
        var (name, age, token) = (parsed.GetValue(Consistency), parsed.GetValue(MaxAge), parsed.GetValue(Token));
        if (name is null && age is null && token is null)
            return null;
        return ReadLevel.TryMake(name, age, token, out var level, out var problem)
            ? level
            : throw new UsageException($"On the command line (--consistency, --max-age-ms, --token): {problem}");
    }

    /// <summary>Says on standard error what an answer at a level told of itself, so that what is piped on stays the answer alone.</summary>
    public static void Tell(ReadLevel? level, AnswerStamp? stamp)
    {
        if (level is null || stamp is null)
            return;
        var age = stamp.AgeMs is { } known ? string.Create(CultureInfo.InvariantCulture, $"at most {known} ms old") : "of unknown age";
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{stamp.Level}: log index {stamp.Index} of term {stamp.Term}, by node {stamp.Node}, {age}, token {stamp.Token}"));
    }
}
