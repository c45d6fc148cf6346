using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace RaftStream.Hosting.Http;

/// <summary>The header with which a client names a write, the same for every attempt, so that sending it again never applies it twice (IETF draft "The Idempotency-Key HTTP Header Field").</summary>
internal static class IdempotencyHeader
{
    /// <summary>The header.</summary>
    public const string Name = "Idempotency-Key";

    /// <summary>Reads it; null where there is none. False: it is wrong, <paramref name="problem"/> says how.</summary>
    /// <remarks>The draft has a string of RFC 9651, in quotes. Many clients leave the quotes out: what then has neither quotes nor blanks nor commas is the same key.</remarks>
    public static bool TryRead(IHeaderDictionary headers, out IdempotencyKey? key, [NotNullWhen(false)] out string? problem)
    {
        (key, problem) = (null, null);
        if (!headers.TryGetValue(Name, out var values))
            return true;
        if (headers.ContainsKey(SessionHeaders.Session) || headers.ContainsKey(SessionHeaders.Number) || headers.ContainsKey(SessionHeaders.Answered))
            problem = $"The headers {Name} and {SessionHeaders.Session} stand together: a write is repeated under its key or under its number in a session, give one of them.";
        else if (values.Count != 1 || Unquote(values.ToString().Trim(' ')) is not { Length: >= 1 and <= IdempotencyKey.MaxLength } text)
            problem = $"The header {Name} holds no key: give one text of 1 to {IdempotencyKey.MaxLength} printable ASCII characters in double quotes, such as \"8e03978e-40d5-43dd-bc93-6894a57f9324\".";
        else
            key = new IdempotencyKey(text);
        return problem is null;
    }

    /// <summary>Hands it on to the leader.</summary>
    public static void Copy(IHeaderDictionary from, IHeaderDictionary to)
    {
        if (from.TryGetValue(Name, out var value))
            to[Name] = value;
    }

    /// <summary>The text that a value holds; null where it is none.</summary>
    private static string? Unquote(string value)
    {
        if (!value.StartsWith('"'))
            return value.All(static one => one is > ' ' and <= '~' and not ('"' or ',' or ';' or '\\')) ? value : null;
        var text = new StringBuilder();
        for (var place = 1; place < value.Length; place++)
        {
            var one = value[place];
            if (one == '"')
                return place == value.Length - 1 ? text.ToString() : null;
            if (one == '\\' && (++place == value.Length || (one = value[place]) is not ('"' or '\\')))
                return null;
            if (one is < ' ' or > '~')
                return null;
            text.Append(one);
        }

        return null;
    }
}
