using System.Text;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Http;

/// <summary>Whether the keys of a request are as short as this node wants them, where that is shorter than the store takes.</summary>
internal static class KeyLimits
{
    private static readonly string[] InQuery = ["key", "prefix"];

    /// <summary>Whether a key in the path or the query is too long; counts it then.</summary>
    public static bool IsExceeded(HttpContext context, out int most)
    {
        most = context.RequestServices.GetRequiredService<NodeSettings>().Security.Limits.MaxKeyBytes;
        if (most == CounterKeys.MaxBytes || !IsExceeded(context, most))
            return false;
        context.RequestServices.GetRequiredService<ClientMeters>().Refused(ClientFacingPort.Http.Name, RefusalReasons.Key);
        return true;
    }

    private static bool IsExceeded(HttpContext context, int most)
    {
        if (RawPath.TryNameOf(context) is { } name && Encoding.UTF8.GetByteCount(name) > most)
            return true;
        foreach (var parameter in InQuery)
        {
            foreach (var key in context.Request.Query[parameter])
            {
                if (key is not null && Encoding.UTF8.GetByteCount(key) > most)
                    return true;
            }
        }

        return false;
    }
}
