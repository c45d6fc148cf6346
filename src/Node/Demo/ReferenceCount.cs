using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace RaftStream.Node.Demo;

/// <summary>
/// The word count that the cluster's is compared with: written anew with .NET's own text reader, regular expressions and lower
/// casing, sharing no code with the pipeline, so that the two cannot be wrong in the same way. Bounded memory but for the words.
/// </summary>
internal sealed partial class ReferenceCount
{
    /// <summary>A word longer than this many UTF-16 units is set aside.</summary>
    public const int MaxWord = 1_024;

    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);
    private bool _insideLongWord;

    private ReferenceCount()
    {
    }

    /// <summary>How often each word occurs.</summary>
    public IReadOnlyDictionary<string, long> Counts => _counts;

    /// <summary>All words that count.</summary>
    public long Total { get; private set; }

    /// <summary>Words that are too long.</summary>
    public long DeadLetters { get; private set; }

    /// <summary>Counts a source to its end.</summary>
    public static ReferenceCount Of(Stream source, CancellationToken cancellationToken)
    {
        var count = new ReferenceCount();
        using var reader = new StreamReader(
            source, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), detectEncodingFromByteOrderMarks: false, bufferSize: 64 * 1024, leaveOpen: true);
        var buffer = new char[64 * 1024];
        var kept = 0;
        int read;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            read = reader.Read(buffer, kept, buffer.Length - kept);
            kept = count.Consume(buffer.AsSpan(0, kept + read), atEnd: read == 0);
        }
        while (read > 0);
        return count;
    }

    /// <summary>The largest counters in the order that the store promises: by count, equal ones by the bytes of their words.</summary>
    /// <remarks>Words hold no surrogates (they are no \w), so the order of UTF-16 units is that of UTF-8 bytes.</remarks>
    public IEnumerable<KeyValuePair<string, long>> Ordered() =>
        _counts.OrderByDescending(row => row.Value).ThenBy(row => row.Key, StringComparer.Ordinal);

    [GeneratedRegex(@"\w+")]
    private static partial Regex Words();

    // Counts the words of the span but one that may go on behind it: that one moves to the front, and its length is returned.
    private int Consume(Span<char> text, bool atEnd)
    {
        var wasInside = _insideLongWord;
        _insideLongWord = false;
        foreach (var match in Words().EnumerateMatches(text))
        {
            var isOpen = !atEnd && match.Index + match.Length == text.Length;
            if (wasInside && match.Index == 0)
            {
                // The rest of a word that was found too long and counted as such before.
                _insideLongWord = isOpen;
                continue;
            }
            if (!isOpen)
            {
                Count(text.Slice(match.Index, match.Length));
                continue;
            }
            if (match.Length <= MaxWord)
            {
                text.Slice(match.Index, match.Length).CopyTo(text);
                return match.Length;
            }
            DeadLetters++;
            _insideLongWord = true;
        }
        return 0;
    }

    private void Count(ReadOnlySpan<char> word)
    {
        if (word.Length > MaxWord)
        {
            DeadLetters++;
            return;
        }
        Span<char> lower = stackalloc char[MaxWord];
        var length = word.ToLowerInvariant(lower);
        var lookup = _counts.GetAlternateLookup<ReadOnlySpan<char>>();
        CollectionsMarshal.GetValueRefOrAddDefault(lookup, lower[..length], out _)++;
        Total++;
    }
}
