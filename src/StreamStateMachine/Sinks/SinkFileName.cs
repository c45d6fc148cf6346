using System.Globalization;
using System.Text;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// How the files of a sink are called: job, sink and generation, as in <c>words-counts-000001.csv</c> for the sink <c>counts.csv</c> of the job <c>words</c>. What is not a letter, a digit or one of <c>_-.</c> stands
/// as the hexadecimal bytes of its UTF-8 (<c>%20</c>), and a part that is too long ends in its hash.
/// </summary>
internal sealed class SinkFileName
{
    private const int MaxPart = 96;
    private const int HashDigits = 16;
    private const int MaxExtension = 16;

    private readonly string _start;
    private readonly string _extension;

    public SinkFileName(string job, string sink)
    {
        var dot = sink.LastIndexOf('.');
        var hasExtension = dot > 0 && sink.Length - dot - 1 is >= 1 and <= MaxExtension && sink.AsSpan(dot + 1).IndexOfAnyExcept(Plain) < 0;
        _start = $"{Escape(job)}-{Escape(hasExtension ? sink[..dot] : sink)}";
        _extension = hasExtension ? sink[dot..] : "";
    }

    /// <summary>What tells this sink's files from those of others, whatever their generation.</summary>
    public string Pattern => $"{_start}-N{_extension}";

    private static System.Buffers.SearchValues<char> Plain { get; } = System.Buffers.SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");

    /// <summary>The name of a generation's file: 249 characters at the most.</summary>
    public string Of(long generation) => string.Create(CultureInfo.InvariantCulture, $"{_start}-{generation:D6}{_extension}");

    private static string Escape(string name)
    {
        var text = new StringBuilder(name.Length);
        foreach (var value in Encoding.UTF8.GetBytes(name))
        {
            // A name that begins with a dot would be hidden, and two of them have another meaning.
            var isPlain = Plain.Contains((char)value) || value == '-' || (value == '.' && text.Length > 0);
            if (isPlain)
                text.Append((char)value);
            else
                text.Append('%').Append(value.ToString("X2", CultureInfo.InvariantCulture));
        }

        return text.Length <= MaxPart ? text.ToString() : $"{text.ToString(0, MaxPart - HashDigits - 1)}~{KeyHash.Of(name):x16}";
    }
}
