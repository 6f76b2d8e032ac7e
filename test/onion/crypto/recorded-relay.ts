/**
 * What one relay of C tor 0.4.9.11 said and made on 2026-11-22, run on the loopback for this purpose only: its
 * descriptor, the CERTS cell of a link, its TLS certificate, and the private keys behind them.
 */
export const RECORDED_RELAY = {
  identity: bytesOf('YxdieY9W/F5onI3zzRTiI1Irt2aPAKUVbrb+IbElXUA='),
  fingerprint: bytesOf('xXZm2hFxtH/U5DGQaKuC17r3k/0='),
  rsaIdentityKey: bytesOf(
    'MIGJAoGBAMK0eH2YizGSVPrLFUhAeqfyYDGjnV2THxTXOnCf5PD2/BeTS3nERMkHhcVB1K4Z35L1L3kELldO+/ZS7S8l10/f' +
      'hzvUhl4C5Dai6a2JlQ/2FMoQ/iz69qQg8uEspkSCCWiCo55DodMuS+kSgqyoTtpz4rmuS+LAvzRrnQ53EWwPAgMBAAE=',
  ),
  rsaOnionKey: bytesOf(
    'MIGJAoGBAMuKk4+vi+P4UTdc3mxsQ+1MkDP3p1hvXwF9gz3tRK7iYhTIdQcOS7w1ENkUtA+xfspq8mLzio7RF/efwTit/Lma' +
      'KqAp65osnQk8f9i6LQR+NTKJJMz8lXn6Psj7cr3pCwY64fcU/tM3cmKrXPcDDvQAli23mJOp+pN00cs6FxhJAgMBAAE=',
  ),
  onionKey: bytesOf('BsmbSn2XhSjGY5ZP/Z8mTEB99tFvVqC2f8JJz5FMqFI='),
  onionKeyCrossCert: bytesOf(
    'VVzhBXDToqXgESbGdL4KzgN8LR1cRC+U99xSGL3EWWciRhA//K7HZKcuAEdXFYP4qsHBX4FOleuJ131Jui2YAoQuKQUe2JKX' +
      'vVRTYNlG/7aibuuZBhGXLB2h3LTxt2+rjtsXhBS7OxWDtyzWZnDVSdce81FkGtGKvgKqlxYsE8k=',
  ),
  ntorCrossCert: bytesOf(
    'AQoAB569AWMXYnmPVvxeaJyN880U4iNSK7dmjwClFW62/iGxJV1AAF9HDGlHq0zWV1OpOXOAblDmR1xdWvJYxUz51pIefDL0' +
      'YeKKE+dpDb+8Q5CrUG5TX05vFCHHRIIKwOgj6qhBFQ4=',
  ),
  tlsCertificate: bytesOf(
    'MIICSDCCAbGgAwIBAgIIYKqGS4via+MwDQYJKoZIhvcNAQELBQAwJTEjMCEGA1UEAwwad3d3Lm81enp4a3NtcmJ2bnhjZnV0' +
      'bC5jb20wHhcNMjYxMTAxMDAwMDAwWhcNMjYxMjAzMDAwMDAwWjAkMSIwIAYDVQQDDBl3d3cuamcyYzJ5dm0ydzJwMnVjb2Qu' +
      'bmV0MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnqsXqsPw9zvjqYI4PlaLWfRaZMyr6idwjhtFJbJ5s/mg1+GE' +
      'ppTLQXE6Rnclgg8lgQeAFRFXfrOJHn3960uTz3U3isYi/7QX1AEZOO88C1c9W7pqDDkH4Ab4RjEFdMD+ivmWfuKN3For3G0c' +
      'cIhrc5WUg9+MLMKoXBEvZ3mmEpscCCc34ov4uVCxxhlCO8MxomnFBnK402D7segaHEYSw2g5r6ItvACGkDc1iannmG18EQau' +
      'L7qeFRX52fud8OcEg7plAw7Tm/bGoKiKWpg/bINwbl0wsBx2Dfc7ceZysTckjoW78zxbAxsGNZdyC9eWuFA1teJL6xi75UHM' +
      'tyWxyQIDAQABMA0GCSqGSIb3DQEBCwUAA4GBALhEvEIxuDlXm41ZiQizdNA7wsBcD0ouzN/jbBnTs5+cn2OQQIHgkRggCdhb' +
      'JpRx89l1OBWiFJIgs8++gP/hUCALL5saTvYOW01kiRLo27bgeHZpVQ4eBcDzEch0DvISElj7FmMsA1DJXarbxiKJv2InEzcP' +
      'cYBEu5ww50kkXo2w',
  ),
  identityCertificate: bytesOf(
    'MIIBxTCCAS6gAwIBAgIIKMLLLqRyxBYwDQYJKoZIhvcNAQELBQAwJTEjMCEGA1UEAwwad3d3Lm81enp4a3NtcmJ2bnhjZnV0' +
      'bC5jb20wHhcNMjYwNDMwMDAwMDAwWhcNMjcwNDMwMDAwMDAwWjAlMSMwIQYDVQQDDBp3d3cubzV6enhrc21yYnZueGNmdXRs' +
      'LmNvbTCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEAwrR4fZiLMZJU+ssVSEB6p/JgMaOdXZMfFNc6cJ/k8Pb8F5NLecRE' +
      'yQeFxUHUrhnfkvUveQQuV0779lLtLyXXT9+HO9SGXgLkNqLprYmVD/YUyhD+LPr2pCDy4SymRIIJaIKjnkOh0y5L6RKCrKhO' +
      '2nPiua5L4sC/NGudDncRbA8CAwEAATANBgkqhkiG9w0BAQsFAAOBgQAoXq5ycDRa/uYlxr4oPvT7xFUI7rvgxxtnEgQvFl3r' +
      '4DOH61oAnqGX2gx7yXyXMBimjxAoeso+KYjjg7yt3Qv5+shL5jxPKr0iBltwJVIkEgZ8K2UEaUs7z+8uTkfRR2mlnedZEV8A' +
      'kDNA43/UnNFqBY8XXjL3JC08kei0UxCpXw==',
  ),
  signingCert: bytesOf(
    'AQQAB57tAZyFU1sYAWWM1F+aCC/wB7p+tuJeTu+9hv/JKXDXHKYbAQAgBABjF2J5j1b8XmicjfPNFOIjUiu3Zo8ApRVutv4h' +
      'sSVdQKwivnTgvzr0ne615mtC6lVPXW8B/I2BXSVvt5Am07+Jbf5Am8vDVZLGBptHi5v0p5VTTQDr2ofKI9mFwguGZws=',
  ),
  tlsLinkCert: bytesOf(
    'AQUAB5xNA0O+0adwD3VPjKIbne0Kxrzh4IpNDvK13Uoh1VrIdgxWAD/LOPUsXvjkt5+ltfGC5me2+/k2eDb7YvLNhisbCxSz' +
      '2PbGkCy+gMOe8LsTMjRyhT2cPI4iqRhYurbsFjLKvAA=',
  ),
  rsaEdCert: bytesOf(
    'YxdieY9W/F5onI3zzRTiI1Irt2aPAKUVbrb+IbElXUAAB6z9gJW4swBewUY+ryOsDNcQU0F0TE4oQIroZO21VYTrlqgSxvmc' +
      'ERlcr1u9fSsh+C8oJ8f2fx4dXVsq+o8OB/oxkhFIxegxnJhzJEdvFCF+RL8uRmN4owjILfnd1bt0BTit7h4t3yBrHIRXyEaq' +
      'n0NlZPy6JKwp5IaSaFgvbUdhytXP',
  ),
  rsaIdentityPrivateKey: bytesOf(
    'MIICXQIBAAKBgQDCtHh9mIsxklT6yxVIQHqn8mAxo51dkx8U1zpwn+Tw9vwXk0t5xETJB4XFQdSuGd+S9S95BC5XTvv2Uu0v' +
      'JddP34c71IZeAuQ2oumtiZUP9hTKEP4s+vakIPLhLKZEgglogqOeQ6HTLkvpEoKsqE7ac+K5rkviwL80a50OdxFsDwIDAQAB' +
      'AoGBAIVsgn0ewZPwwQczj5v5g5P/Ref+ROJQ5SW077kp+QsfVVUafMgutSxFWWf5WrMLy+e62RNGyDLQT11XKm36snY5rJns' +
      'jjxeyW2xN89TqfkLRLDd+MvH9KVxY4cclQFlKmeJuJeUfJ3JsSAbAUiOf0HxnsmO4IYTDyXnyzWFjMCxAkEA38+qhARat2Mp' +
      'Er94pD3DVgNGlLNuXV1TJQZRx8pJ9JYDW4CaI7VBHsDZnuTWL+/t+aHz86hqi5zC3JvHYXcTEwJBAN61KhZIwP6nacdboAHe' +
      'h2k12LN5AnHdJE4VHtu1rEOH0iockT8O1tDbjLKYyjFqJpqmOCuD5VvseqmM8zenppUCQHhODH6CSLEjIETvn03J1WI6yInO' +
      'GZkePT89smAOoMpUiOF6s2BWYfbB+ziqEWgbNHRnVda3xO3fCe/D3NzLQPkCQQC/lkRVlVMJ/4V9LjJxSTleZic9Bh33TFHe' +
      'Jkc8pYZDNgWzmo3NHHvqguUAA3b1macKJXJu5PGb6c0ALTRSrZQdAkASWe2k0xRQf765lSwkBQRIfQw/gu6YbxEF8rklNamA' +
      '5gqfoz7PJYTOOrMjxpw4ZjZTPgUDrEl4rnCg+7JnhZDs',
  ),
  rsaOnionPrivateKey: bytesOf(
    'MIICXAIBAAKBgQDLipOPr4vj+FE3XN5sbEPtTJAz96dYb18BfYM97USu4mIUyHUHDku8NRDZFLQPsX7KavJi84qO0Rf3n8E4' +
      'rfy5miqgKeuaLJ0JPH/Yui0EfjUyiSTM/JV5+j7I+3K96QsGOuH3FP7TN3Jiq1z3Aw70AJYtt5iTqfqTdNHLOhcYSQIDAQAB' +
      'AoGAEZwNpDLF4ZVMQYPxYmQDhHZJS5Wzjr0j9RcM0cDDXnYLkky9gzzDZKcarA1Ufr8WfyC9k74KUMzaS/wwVV0ILkbgghlz' +
      'L5c9X8D3Se9D7HgOzHVJ8o8Imq+QAZSJhW8aunapva/pDYixihzAZxHuizwrMU+s7Oz4klrzharYmPkCQQD/BmAJepMQUmXP' +
      '07dpn1V+K57x/LG44p9wVKa3qIFIayb3ZXEue3WIyvh08M5UUY6wM4CvsCvcZ/aKN+EJyfFHAkEAzFHOzWXfuHd4994dllyS' +
      'jnkp74q4hb7gT3WYcVd3kKJUaPOc2jLvE4+KE0XKH6HNN4igFC2MSfAxqWkI373x7wJAQiMBHPQw13bG+JLLahTsMwBVBCSo' +
      'Ym5DMvqBEfgdLw662EXyiD90R7l7nbglijBsdL2mjel+NnavtUCwl71LWQJBAKh4VAK8m2mo6U/ID7Fph1Z+xXtEcL2nE6Gx' +
      'Hw9lxaq2js8zAARStxrz4i/d/blzWpkNyKCapfBZYzmC59RE9HUCQD0dG3W3Z1RPAgN/lGagvyrBgVLSXi3jhOxTbpg1iunq' +
      'wZOonivlc2Uhhg9HgVyGqB+QBVr97UfLX2zjaoHhnnE=',
  ),
  onionPrivateKey: bytesOf('EG+fIbGE2wqg63OLvbb0ribjJgmhxvQaLmhd7DdW+HM='),
  /** The number behind `ntor-onion-key-crosscert`. */
  ntorCrossCertSign: 1,
  /** When it was recorded, Unix milliseconds. */
  recordedMs: Date.UTC(2026, 10, 22, 20, 37),
} as const;

function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}
