import type { TlsIdentity } from '../../../engine/runtime/port.ts';

/** Keys and self-signed certificates (P-256, valid until 2126) made for tests; they are no secret. */
export const TEST_IDENTITIES: readonly [TlsIdentity, TlsIdentity] = [
  identity(
    [
      'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgUQ6QmftUYz7MQIuFwzo9zWNVO2jsiZprfRgmubUWFF',
      'ChRANCAAQsIIIL+wXUteM8C3D2rM+s02p3GfrdQAHgPbR+NtbvxpRsVSXRW2nIv5VFfzVp72RUd7jVGvafi9btBDVV',
      'anV5',
    ],
    [
      'MIIBeDCCAR2gAwIBAgIUTKPrQR33+rY1h/Lbln2yyKeozDkwCgYIKoZIzj0EAwIwEDEOMAwGA1UEAwwFdGVzdDEwIB',
      'cNMjYxMTIyMjAyNDQzWhgPMjEyNjEwMjkyMDI0NDNaMBAxDjAMBgNVBAMMBXRlc3QxMFkwEwYHKoZIzj0CAQYIKoZI',
      'zj0DAQcDQgAELCCCC/sF1LXjPAtw9qzPrNNqdxn63UAB4D20fjbW78aUbFUl0VtpyL+VRX81ae9kVHe41Rr2n4vW7Q',
      'Q1VWp1eaNTMFEwHQYDVR0OBBYEFJfPOJYWnyNOgVsfbI05D2SvifFXMB8GA1UdIwQYMBaAFJfPOJYWnyNOgVsfbI05',
      'D2SvifFXMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAIOPhiSiV22YjaRK85X8WhT5JlqkvTE7Hv',
      'xSU7xR4IUVAiEAspsJTPvVb1mYHLAies3NUmtsavYETg/at+bphW4Ib3I=',
    ],
  ),
  identity(
    [
      'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdl4c3wWGnbDVpNOLygnv5XtQiLb/bvK10LAEcSgYdm',
      'uhRANCAASxsRkut1FjCaspoRjDcOkeRdY3UPl1PaQQjwHktnnc6sLaz3ZV7rdScIUDOGtgpRHklDybScXQhkOlx1XO',
      'EvIJ',
    ],
    [
      'MIIBdjCCAR2gAwIBAgIURNi3z+692tI9MOGvxvrbNOXuHE0wCgYIKoZIzj0EAwIwEDEOMAwGA1UEAwwFdGVzdDIwIB',
      'cNMjYxMTIyMjAyNDQzWhgPMjEyNjEwMjkyMDI0NDNaMBAxDjAMBgNVBAMMBXRlc3QyMFkwEwYHKoZIzj0CAQYIKoZI',
      'zj0DAQcDQgAEsbEZLrdRYwmrKaEYw3DpHkXWN1D5dT2kEI8B5LZ53OrC2s92Ve63UnCFAzhrYKUR5JQ8m0nF0IZDpc',
      'dVzhLyCaNTMFEwHQYDVR0OBBYEFPi0mPsRSNKPxRf/FFSaXWCTqnNsMB8GA1UdIwQYMBaAFPi0mPsRSNKPxRf/FFSa',
      'XWCTqnNsMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgCr31QuoQQ3SycJDVTj2+jmsZ/EMV0fXumK',
      'xWcb7lb8oCIGsxoogfTvkjm3+xd2VGrzfEnIcjfYSTmVuIoQqxYIrG',
    ],
  ),
];

function identity(key: readonly string[], certificate: readonly string[]): TlsIdentity {
  return {
    privateKeyDer: Buffer.from(key.join(''), 'base64'),
    certificateDer: Buffer.from(certificate.join(''), 'base64'),
  };
}
