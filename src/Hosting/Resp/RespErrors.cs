using RaftStream.Hosting.Http;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Resp;

/// <summary>The errors that the port answers with, in Redis's words where Redis has any: the first word is a promise to programs, the sentence is for people.</summary>
internal static class RespErrors
{
    public const string Syntax = "ERR syntax error";
    public const string NotInteger = "ERR value is not an integer or out of range";
    public const string Overflow = "ERR increment or decrement would overflow";
    public const string NoAuth = "NOAUTH Authentication required.";
    public const string WrongPass = "WRONGPASS invalid username-password pair or user is disabled.";
    public const string Full = "OOM command not allowed: the store holds as much as it may; nothing was changed by this command.";
    public const string Starting = "LOADING The node is starting; nothing was done, try again in a moment.";
    public const string NotMember = "CLUSTERDOWN This node is no member of the cluster, not yet or not any more; nothing was done, ask another one.";
    public const string RateLimited = "RATELIMITED The client has asked this node as often in a second as it may; nothing was done, try again in a moment.";
    public const string Watching = "ERR a connection that watches takes only RS.UNWATCH, PING, QUIT and RESET: use another one for other commands";
    public const string AnswerTooLarge = "ERR the answer would take more than 16 MiB: ask for fewer keys at once";

    /// <summary>A key that the store, or this node with its limit, does not take; null where it does.</summary>
    public static string? OfKey(ReadOnlySpan<byte> key, int most) => key.Length switch
    {
        0 => $"ERR a key is empty: give 1 to {most} bytes",
        _ when key.Length > most => $"ERR a key has {key.Length} bytes: give 1 to {most}",
        _ when !System.Text.Unicode.Utf8.IsValid(key) => "ERR a key is no UTF-8: keys are texts here, values may be any bytes",
        _ => null,
    };

    /// <summary>A command that there is not.</summary>
    public static string Unknown(in RespCommand command)
    {
        var arguments = string.Concat(Texts(command, 1, 3).Select(static text => Quoted(text)));
        return $"ERR unknown command '{Short(command.Text(0))}', with args beginning with: {arguments}";
    }

    /// <summary>Too few or too many arguments.</summary>
    public static string Arity(string name) => $"ERR wrong number of arguments for '{name}' command";

    /// <summary>A command with a second name that there is not.</summary>
    public static string Subcommand(in RespCommand command) => $"ERR unknown subcommand '{Short(command.Text(1))}'. Try {command.Text(0).ToUpperInvariant()} in COMMAND DOCS.";

    /// <summary>Somebody who may not.</summary>
    public static string NoPermission(string user, CommandSpec command) =>
        $"NOPERM User {user} has no permissions to run the '{command.Name}' command: it needs the role {command.Role.NameOf()}";

    /// <summary>A command that was read and cannot be carried out.</summary>
    public static string Of(RespFault fault) => fault switch
    {
        RespFault.ArgumentTooLong => $"ERR an argument has more than {RespLimits.MaxBulk} bytes: keys take 4096 bytes and values {RespLimits.MaxBulk}",
        RespFault.TooManyArguments => $"ERR the command has more than {RespLimits.MaxArguments} arguments: send several commands",
        _ => $"ERR the arguments have more than {RespLimits.MaxCommandBytes} bytes in all: send several commands",
    };

    /// <summary>More keys than one entry or one read takes.</summary>
    public static string TooManyKeys(int count) => $"ERR the command has {count} keys: give at most {RespLimits.MaxKeys}";

    /// <summary>An option of SET that would need what the store does not keep.</summary>
    public static string SetOption(string option) =>
        $"ERR SET takes a key and a value here, and not {Short(option).ToUpperInvariant()}: values do not expire, and a condition needs compare-and-set, over HTTP or the client";

    /// <summary>Whatever else is not applied.</summary>
    public static string Of(Outcome outcome, Refusal refusal, bool isWrite) => (outcome, refusal) switch
    {
        (Outcome.Unknown, _) when isWrite => "UNKNOWN The answer was lost: the write may be done or not, now or later; read before you repeat it.",
        (Outcome.Unknown, _) => "TRYAGAIN The read was not decided in time: ask again.",
        (_, Refusal.Overloaded) => "TRYAGAIN A queue of the node is full; nothing was done, try again later.",
        (_, Refusal.StorageFull) => "MISCONF " + Problems.Sentence(refusal),
        (_, Refusal.TooStale) => "STALE " + Problems.Sentence(refusal),
        (_, Refusal.TooLarge or Refusal.NotCommutative or Refusal.OutboxFull or Refusal.TooOld or Refusal.NoSuchEntry) => "ERR " + Problems.Sentence(refusal),
        _ => "CLUSTERDOWN " + Problems.Sentence(refusal),
    };

    /// <summary>A session read that would have had to go back behind what its client has seen.</summary>
    public static string Behind(ReadToken token, LogIndex applied) => "STALE " + Problems.Behind(token, applied).Value!.Detail;

    /// <summary>A name of the client's as it is told back: without what could end the line, and not longer than anybody needs.</summary>
    public static string Short(string text) => string.Concat(text.Take(128).Select(static letter => char.IsControl(letter) ? '?' : letter));

    private static IEnumerable<string> Texts(RespCommand command, int from, int count)
    {
        for (var i = from; i < Math.Min(command.Count, from + count); i++)
            yield return command.Text(i);
    }

    private static string Quoted(string text) => $"'{Short(text)}' ";
}
