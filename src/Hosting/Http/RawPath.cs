using System.Diagnostics.CodeAnalysis;
using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace RaftStream.Hosting.Http;

/// <summary>What keys and names a node takes.</summary>
internal static class CounterKeys
{
    /// <summary>The longest key in bytes of UTF-8; the shortest is one byte.</summary>
    public const int MaxBytes = 4_096;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Refuses what is no key.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static void Check(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!IsKey(key))
            throw new ArgumentException($"The key is no text of 1 to {MaxBytes} bytes of UTF-8: give one that is.", nameof(key));
    }

    /// <summary>Whether text from a query may be a key.</summary>
    public static bool IsKey([NotNullWhen(true)] string? text)
    {
        try
        {
            return text is not null && Strict.GetByteCount(text) is >= 1 and <= MaxBytes;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }
}

/// <summary>
/// Takes a key out of the path before routing sees it. A key is any UTF-8 text: routing would leave <c>%2F</c> as it is, so that
/// the keys <c>a/b</c> and <c>a%2Fb</c> became one, and the server would resolve the keys <c>.</c> and <c>..</c> as folders.
/// So we cut the raw target at its slashes, decode the one segment ourselves and route on a path with a placeholder in its place.
/// </summary>
internal static class RawPath
{
    private const string Placeholder = "-";
    private const string OnlyOneForm = "There is nothing at this path: names stand behind /v1/counters/ or /v1/jobs/, in small letters, without escapes or a host, and behind a name stands one word at the most.";
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly object NameItem = new();

    /// <summary>The key or job name that the path holds.</summary>
    public static string NameOf(HttpContext context) =>
        TryNameOf(context) ?? throw new InvalidOperationException("The route has no name in its path.");

    /// <summary>The same; null where the path holds none.</summary>
    public static string? TryNameOf(HttpContext context) => context.Items[NameItem] as string;

    /// <summary>The middleware.</summary>
    public static Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!Split(target, out var prefix, out var encoded, out var rest))
            return IsNamedOtherwise(context.Request.Path) ? Problems.Rejected(StatusCodes.Status404NotFound, ProblemCodes.NotFound, OnlyOneForm).ExecuteAsync(context) : next(context);
        if (!TryDecode(encoded, out var name))
            return Problems.Bad($"The name in the path is no percent-encoded UTF-8 text of 1 to {CounterKeys.MaxBytes} bytes.").ExecuteAsync(context);
        context.Items[NameItem] = name;
        context.Request.Path = $"/v1/{prefix}/{Placeholder}{rest}";
        return next(context);
    }

    /// <summary>The percent-encoded form of a name as one segment of a path; unlike <see cref="Uri"/> it also encodes dots.</summary>
    public static string Encode(string name) => Uri.EscapeDataString(name).Replace(".", "%2E", StringComparison.Ordinal);

    /// <summary>
    /// Whether routing would find a name in a path whose raw form has none: routing does not mind capitals or a slash at the end, and sees the path after escapes are undone and
    /// the host is taken off. Which bytes such a name has would be a guess.
    /// </summary>
    private static bool IsNamedOtherwise(PathString path) =>
        (path.StartsWithSegments("/v1/counters", StringComparison.OrdinalIgnoreCase, out var rest) || path.StartsWithSegments("/v1/jobs", StringComparison.OrdinalIgnoreCase, out rest)) && rest.Value is { Length: > 1 };

    private static bool Split(string target, out string prefix, out string encoded, out string rest)
    {
        var query = target.IndexOf('?', StringComparison.Ordinal);
        var segments = (query < 0 ? target : target[..query]).Split('/');
        prefix = encoded = rest = "";
        if (segments.Length is < 4 or > 5 || segments[0].Length > 0 || segments[1] is not "v1" || segments[2] is not ("counters" or "jobs"))
            return false;
        prefix = segments[2];
        encoded = segments[3];
        rest = segments.Length == 5 ? "/" + segments[4] : "";
        return true;
    }

    private static bool TryDecode(string encoded, out string name)
    {
        name = "";
        var bytes = new byte[encoded.Length];
        var count = 0;
        for (var place = 0; place < encoded.Length; place++)
        {
            var current = encoded[place];
            if (current >= 0x80)
                return false;
            if (current != '%')
            {
                bytes[count++] = (byte)current;
                continue;
            }
            if (place + 2 >= encoded.Length || !char.IsAsciiHexDigit(encoded[place + 1]) || !char.IsAsciiHexDigit(encoded[place + 2]))
                return false;
            bytes[count++] = Convert.FromHexString(encoded.AsSpan(place + 1, 2))[0];
            place += 2;
        }
        if (count is 0 or > CounterKeys.MaxBytes)
            return false;
        try
        {
            name = Strict.GetString(bytes, 0, count);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
