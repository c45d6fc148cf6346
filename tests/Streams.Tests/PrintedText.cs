using System.Text;

namespace RaftStream.Streams.Tests;

/// <summary>A console that a test can look at while a node prints.</summary>
internal sealed class PrintedText : StringWriter
{
    private readonly Lock _gate = new();

    /// <summary>All that was printed.</summary>
    public string Text
    {
        get
        {
            lock (_gate)
                return ToString();
        }
    }

    /// <inheritdoc/>
    public override Task WriteAsync(StringBuilder? value, CancellationToken cancellationToken = default)
    {
        lock (_gate)
            Write(value);
        return Task.CompletedTask;
    }
}
