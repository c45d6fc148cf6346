using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Http.Headers;

namespace RaftStream.Hosting.Http;

/// <summary>
/// A session as clients hold it: the cluster's incarnation, a dot, the session's id. [safety] A restored or reset cluster forgets a part of
/// its log and gives the same ids again: without the incarnation an old client and a new one would share a session, and one's write would
/// be taken for a repetition of the other's.
/// </summary>
internal readonly record struct SessionToken(uint Incarnation, SessionId Session)
{
    /// <summary>Reads the text that <see cref="ToString"/> makes.</summary>
    public static bool TryParse(string text, out SessionToken token)
    {
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        token = default;
        if (dot < 0
            || !uint.TryParse(text.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out var incarnation)
            || !long.TryParse(text.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            return false;
        token = new(incarnation, new(id));
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Incarnation}.{Session.Value}");
}

/// <summary>The headers with which a client numbers its writes, so that sending one again never applies it twice.</summary>
/// <param name="Token">The session.</param>
/// <param name="Sequence">The write's number in it, from 1; the same for every attempt.</param>
/// <param name="Acknowledged">The client has the answers to all numbers up to here: from 0 to one below <paramref name="Sequence"/>.</param>
internal readonly record struct SessionHeaders(SessionToken Token, long Sequence, long Acknowledged)
{
    /// <summary>The session that <c>POST /v1/sessions</c> gave.</summary>
    public const string Session = "X-RaftStream-Session";

    /// <summary>The write's number.</summary>
    public const string Number = "X-RaftStream-Sequence";

    /// <summary>Up to where the client has its answers; 0 where it is missing.</summary>
    public const string Answered = "X-RaftStream-Acknowledged";

    /// <summary>Reads them; null where there are none. False: they are wrong, <paramref name="problem"/> says how.</summary>
    public static bool TryRead(IHeaderDictionary headers, out SessionHeaders? read, [NotNullWhen(false)] out string? problem)
    {
        (read, problem) = (null, null);
        if (!headers.ContainsKey(Session) && !headers.ContainsKey(Number) && !headers.ContainsKey(Answered))
            return true;
        if (!SessionToken.TryParse(headers[Session].ToString(), out var token))
            problem = $"The header {Session} holds no session: give the one that POST /v1/sessions answered with.";
        else if (!TryNumber(headers[Number].ToString(), out var sequence) || sequence == 0)
            problem = $"The header {Number} holds no number from 1 on: number the session's writes, and give each attempt of one the same.";
        else if (!TryNumber(headers[Answered] is [{ } text, ..] ? text : "0", out var answered) || answered >= sequence)
            problem = $"The header {Answered} holds no number from 0 to one below the {Number}: give the number up to which you have all answers.";
        else
            read = new(token, sequence, answered);
        return problem is null;
    }

    /// <summary>Puts them into a request.</summary>
    public void Write(HttpRequestHeaders request)
    {
        request.Add(Session, Token.ToString());
        request.Add(Number, Sequence.ToString(CultureInfo.InvariantCulture));
        request.Add(Answered, Acknowledged.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Hands them on to the leader.</summary>
    public static void Copy(IHeaderDictionary from, IHeaderDictionary to)
    {
        foreach (var name in (ReadOnlySpan<string>)[Session, Number, Answered])
        {
            if (from.TryGetValue(name, out var value))
                to[name] = value;
        }
    }

    private static bool TryNumber(string text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
